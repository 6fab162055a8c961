from __future__ import annotations

import os

from posttrace.runner.recorder.resources import Resources, disk_bytes, gpus
from posttrace.traces.events import GpuSample
from tests.support import wait_for


def test_disk_counts_each_file_once_by_what_it_occupies(tmp_path):
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    for name, size in (("one", 10_000), ("two", 300_000)):
        with (inner / name).open("wb") as file:
            file.write(os.urandom(size))
            os.fsync(file.fileno())
    used = sum((inner / name).stat().st_blocks * 512 for name in ("one", "two"))
    assert used >= 310_000
    os.link(inner / "two", tmp_path / "again")
    (tmp_path / "loop").symlink_to("a/b/two")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    extra = sum((tmp_path / name).lstat().st_blocks * 512 for name in ("loop", "sparse"))
    assert extra < 1 << 20
    assert disk_bytes(tmp_path) == used + extra


def test_a_tree_that_takes_too_long_is_unknown_not_zero(tmp_path):
    (tmp_path / "file").write_text("x")
    assert disk_bytes(tmp_path, timeout_s=-1.0) is None


def test_a_busy_child_is_counted(agents, run_dir):
    code = """
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "while True: pass"])
        """
    resources = Resources(agents.python(code), run_dir.workspace)
    first = resources.sample()
    assert first.cpu_pct is None  # a mean over no time
    samples = []

    def busy():
        samples.append(resources.sample())
        return samples[-1].cpu_pct

    wait_for(busy)
    # a Python interpreter takes some megabytes, two of them no terabyte
    assert 1 << 20 < samples[-1].rss_bytes < 1 << 40


def test_nobody_left_uses_nothing(agents, run_dir):
    running = agents.command("true")
    running.wait(60)
    wait_for(lambda: not running.processes())
    resources = Resources(running, run_dir.workspace)
    resources.sample()
    sample = resources.sample()
    assert (sample.cpu_pct, sample.rss_bytes) == (0.0, 0)


def smi(folder, monkeypatch, script):
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return str(tool)


def test_gpus_are_read_and_what_a_driver_does_not_know_is_null(tmp_path, monkeypatch, agents, run_dir):
    smi(tmp_path, monkeypatch, "echo '0, 35, 1024'; echo '1, [N/A], 3'; echo 'a warning'")
    found = Resources(agents.command("true"), run_dir.workspace).sample().gpus
    assert found == [
        GpuSample(id="0", util_pct=35.0, mem_bytes=1 << 30),  # 1024 MiB
        GpuSample(id="1", util_pct=None, mem_bytes=3 << 20),
    ]


def test_no_gpus_without_a_tool_that_works(tmp_path, monkeypatch, agents, run_dir):
    assert gpus(smi(tmp_path, monkeypatch, "echo 'No devices were found'; exit 6")) == []
    running = agents.command("true")
    monkeypatch.setenv("PATH", str(run_dir.logs))  # nothing is there
    assert Resources(running, run_dir.workspace).sample().gpus == []
