"""The link tree under src/posttrace mirrors the top-level folders, and a wheel holds them all."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["analysis", "conf", "reports", "runner", "traces"]


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_is_linked_under_the_namespace(name):
    assert (ROOT / "src/posttrace" / name).resolve() == ROOT / name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_wheel_holds_every_tracked_file_of_the_packages(wheel):
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", *FOLDERS, "src/posttrace"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    wanted = {
        "posttrace/" + name.removeprefix("src/posttrace/")
        for name in tracked
        if name and not (ROOT / name).is_symlink() and (ROOT / name).exists()
    }
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_installed_wheel_runs_from_anywhere(wheel, tmp_path):
    """The dependencies come from this environment; posttrace itself only from the wheel."""
    venv.create(tmp_path / "v", with_pip=False)
    (site,) = (tmp_path / "v").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{here}\n")
    command = [tmp_path / "v/bin/python", "-m", "posttrace"]
    words = ["run", "agent=crash", "budget.steps=2", "grading.baseline_replicates=1", "seed=3", "out=runs"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr  # the agent crashes: a finding, not an error of ours
    where = subprocess.run(
        [*command[:1], "-c", "import posttrace.runner; print(posttrace.runner.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    (trace,) = (tmp_path / "runs").glob("default/*/seed-3/attempt-1/trace.jsonl")
    checked = subprocess.run([*command, "validate", trace], cwd=tmp_path, env=environment, check=False)
    assert checked.returncode == 0
