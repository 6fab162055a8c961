from __future__ import annotations

import hashlib
import os
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from posttrace.runner import artifacts
from posttrace.runner.artifacts import (
    ArtifactRejected,
    copy_artifact,
    hash_directory,
    move_artifact,
    remove_artifact,
)

names = st.text("abc.-_é", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
trees = st.dictionaries(st.tuples(names, names) | st.tuples(names), st.binary(max_size=40), max_size=8)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"a": np.arange(100.0)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(trees)
def test_the_hash_by_an_independent_path(tmp_path, tree):
    folder = tmp_path / "tree"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    written = {}
    for parts, content in tree.items():
        file = folder.joinpath(*parts)
        if file.is_dir() or file.parent.is_file():
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        written["/".join(parts)] = content
    lines = [f"{n}\0{len(c)}\0{hashlib.sha256(c).hexdigest()}\n" for n, c in sorted(written.items())]
    reference, files = hash_directory(folder)
    assert reference.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert reference.bytes == sum(map(len, written.values()))
    assert [file.path for file in files] == sorted(written)


def test_the_hash_leaves_out_what_is_no_file(model, tmp_path):
    before = hash_directory(model)
    (model / "link").symlink_to("config.json")
    (model / "dir").symlink_to(tmp_path)
    os.mkfifo(model / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(model / "socket"))
    assert hash_directory(model) == before


def test_a_copy_has_the_hash_of_its_source_and_is_read_only(model, tmp_path):
    (model / "sub").mkdir()
    (model / "sub" / "vocab.txt").write_text("a")
    copy = tmp_path / "copy"
    assert copy_artifact(model, copy) == hash_directory(model) == hash_directory(copy)
    for path in [copy, *copy.rglob("*")]:
        assert path.stat().st_mode & 0o222 == 0
        assert path.is_dir() or path.stat().st_nlink == 1
    assert (copy / "config.json").stat().st_ino != (model / "config.json").stat().st_ino
    (model / "config.json").write_text('{"changed": 1}')
    assert (copy / "config.json").read_text() == "{}"


def test_a_copy_moves_once_and_can_be_deleted(model, tmp_path):
    for name in ("one", "two"):
        copy_artifact(model, tmp_path / name)
        move_artifact(tmp_path / name, tmp_path / "kept" / "sha")
        assert not (tmp_path / name).exists()
    assert hash_directory(tmp_path / "kept/sha") == hash_directory(model)
    assert (tmp_path / "kept/sha").stat().st_mode & 0o222 == 0
    remove_artifact(tmp_path / "kept/sha")
    remove_artifact(tmp_path / "kept/sha")
    assert list((tmp_path / "kept").iterdir()) == []


def refused(model, tmp_path, match, **options):
    with pytest.raises(ArtifactRejected, match=match) as caught:
        copy_artifact(model, tmp_path / "copy", **options)
    assert not (tmp_path / "copy").exists()
    return caught.value


def test_links_inside_are_refused_and_their_target_told(model, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (model / "tokenizer.json").symlink_to("../secret.json")
    error = refused(model, tmp_path, r"tokenizer\.json is a symbolic link; copy the file itself")
    assert error.link_target is not None
    assert error.link_target.resolve() == tmp_path / "secret.json"


@pytest.mark.parametrize("kind", ["fifo", "socket", "directory link"])
def test_special_files_are_refused_without_waiting(model, tmp_path, kind):
    path = model / "tokenizer.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to(tmp_path)
    refused(model, tmp_path, r"^tokenizer\.json is (no regular file|a symbolic link)")


def test_limits(model, tmp_path, monkeypatch):
    refused(model, tmp_path, "more than 100 bytes", max_bytes=100)
    with (model / "sparse.json").open("wb") as file:
        file.truncate(1 << 39)
    refused(model, tmp_path, "more than 274877906944 bytes")
    (model / "sparse.json").unlink()
    deep = model.joinpath(*["d"] * 30)
    deep.mkdir(parents=True)
    refused(model, tmp_path, "nested deeper than 16")
    shutil.rmtree(model / "d")
    monkeypatch.setattr(artifacts, "MAX_FILES", 1)
    refused(model, tmp_path, "more than 1 files")


def test_what_is_no_directory(model, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        copy_artifact(tmp_path / "nowhere", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    refused(tmp_path / "nowhere", tmp_path, "nowhere cannot be entered", within=tmp_path)
    refused(model / "config.json", tmp_path, "cannot be entered", within=tmp_path)
    with pytest.raises(FileExistsError):
        copy_artifact(model, model)
    assert model.exists()


def test_no_link_on_the_way_in(model, tmp_path):
    """The path was checked before, but a component became a link since."""
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/output").symlink_to(tmp_path)
    inside = tmp_path / "workspace"
    refused(inside / "output/model", tmp_path, "output cannot be entered", within=inside)


def test_a_file_that_grows_while_it_is_copied(model, tmp_path, monkeypatch):
    readv = os.readv

    def growing(fd, buffers):
        with (model / "config.json").open("ab") as file:
            file.write(b" " * 1000)
        return readv(fd, buffers)

    monkeypatch.setattr(artifacts, "_reflink", lambda *_: False)
    monkeypatch.setattr(os, "readv", growing)
    refused(model, tmp_path, "grew beyond the size limit", max_bytes=5000)


def test_swapping_and_deleting_during_copies_never_gives_what_was_not_hashed(tmp_path):
    """Whatever the author does: a copy is refused, or its bytes are the hashed ones, and from his folder."""
    versions = [tmp_path / f"version-{number}" for number in range(2)]
    for number, folder in enumerate(versions):
        folder.mkdir()
        save_file({"a": np.full(200_000, float(number))}, folder / "model.safetensors")
        (folder / "config.json").write_text("{}")
    secret = shutil.copytree(versions[0], tmp_path / "secret")
    (secret / "config.json").write_text('{"secret": 1}')
    target, stop = tmp_path / "ws/model", threading.Event()
    author = threading.Thread(target=_swap, args=(target, [*versions, secret], stop))
    author.start()
    copied = 0
    try:
        while copied < 20:
            copy = tmp_path / "copy"
            try:
                reference, _ = copy_artifact(target, copy, within=tmp_path / "ws")
            except (ArtifactRejected, FileNotFoundError):
                assert not copy.exists()
                continue
            copied += 1
            assert hash_directory(copy)[0] == reference
            assert (copy / "config.json").read_text() == "{}"
            load_file(copy / "model.safetensors")
            remove_artifact(copy)
    finally:
        stop.set()
        author.join()


def _swap(target: Path, sources: list[Path], stop: threading.Event) -> None:
    """Make ``target`` one folder after the other, a link out of the workspace, and nothing at all."""
    turn = 0
    while not stop.is_set():
        turn += 1
        if turn % 3 == 2:
            target.parent.mkdir(exist_ok=True)
            target.symlink_to(sources[2])
            stop.wait(0.002)
            target.unlink()
            continue
        shutil.copytree(sources[turn % 3 % 2], target)
        stop.wait(0.005 * (turn % 5))
        if turn % 2:
            (target / "config.json").unlink()
        shutil.rmtree(target)


def test_names_that_are_not_utf8(model, tmp_path):
    try:
        (model / os.fsdecode(b"\xff.json")).write_text("{}")
    except OSError:
        pytest.skip("this file system has only UTF-8 names")
    assert "\\xff.json" in [file.path for file in hash_directory(model)[1]]
    refused(model, tmp_path, "printable UTF-8")


def test_a_file_that_cannot_be_read(model, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (model / "config.json").chmod(0)
    refused(model, tmp_path, "cannot be read")
