"""The page in a real browser: it opens, asks for nothing, and fits a phone."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from posttrace.reports.report import report
from tests.reports.run import write_told_run
from tests.reports.study import QUICK

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> str:
    """Path of a Chromium; without one the tests skip, unless ``POSTTRACE_REQUIRE`` lists ``chromium``."""
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        complaint = "no chromium on PATH (Debian: apt-get install chromium)"
        if "chromium" in os.environ.get("POSTTRACE_REQUIRE", "").split(","):
            pytest.fail(complaint)
        pytest.skip(complaint)
    return found


@pytest.fixture(scope="module")
def page(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(study, tmp_path_factory.mktemp("browser") / "report.html", settings=QUICK)


def browse(chromium: str, page: Path, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [chromium, *FLAGS, profile, "--enable-logging=stderr", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def asked(chromium: str, page: Path, folder: Path) -> list[str]:
    """Addresses that the page made the browser ask for; Chromium's own services are left out."""
    log = folder / "net.json"
    browse(chromium, page, folder, "--dump-dom", f"--log-net-log={log}")
    urls = re.findall(r'"url":"(https?://[^"]*)"', log.read_text())
    return [url for url in urls if not re.match(r"https?://[\w.-]*\.(google|googleapis|gstatic)\.com", url)]


def test_page_opens_and_asks_for_nothing(chromium: str, page: Path, tmp_path: Path) -> None:
    shown = browse(chromium, page, tmp_path, "--dump-dom")
    assert "gain exceeds noise (single run)" in shown.stdout
    assert "CONSOLE" not in shown.stderr  # where a refused or failed load would be reported
    assert asked(chromium, page, tmp_path) == []


def test_a_link_opens_the_text_that_it_leads_to(chromium: str, tmp_path: Path) -> None:
    (trace,) = write_told_run(tmp_path / "runs").rglob("trace.jsonl")
    page = report(trace, tmp_path / "page.html", settings=QUICK)
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    address = f"{page.as_uri()}#submission-3"
    shown = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    opened = re.findall(r'<details class="folded" open="">\s*<summary>(.*?)</summary>', shown.stdout)
    assert [line.split(" at ")[0] for line in opened] == ["Submission 3"]


def test_a_page_that_asks_would_be_noticed(chromium: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/x.png">')
    assert "http://127.0.0.1:9/x.png" in asked(chromium, page, tmp_path)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_of_the_page(chromium: str, page: Path, tmp_path: Path, width: int) -> None:
    """The page in a frame of a phone's width: only the boxes around tables and figures scroll sideways."""
    frame = tmp_path / "frame.html"
    measure = """
      const page = document.querySelector('iframe').contentDocument;
      const boxes = [...page.querySelectorAll('.scroll')];
      const wide = boxes.filter(box => box.scrollWidth > box.clientWidth).length;
      const images = [...page.images].map(image => image.complete && image.naturalWidth > 0);
      const size = page.documentElement;
      document.body.textContent = JSON.stringify(
        {over: size.scrollWidth - size.clientWidth, wide, images});
    """
    inner = f'<iframe width="{width}" height="800" srcdoc="{html.escape(page.read_text())}"></iframe>'
    frame.write_text(f'<body onload="{html.escape(measure)}">{inner}')
    shown = browse(chromium, frame, tmp_path, "--dump-dom", "--virtual-time-budget=5000")
    measured = json.loads(re.search(r"<body[^>]*>(.*)</body>", shown.stdout, flags=re.DOTALL)[1])  # type: ignore[index]
    assert measured["over"] == 0
    assert measured["images"] == [True] * 4
    assert (measured["wide"] > 0) == (width < 1000)  # on a phone the wide ones do scroll


def test_pictures_for_the_readme(chromium: str, page: Path, tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "docs" / "screenshot.py"
    command = [sys.executable, str(script), str(page), "-o", str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    pictures = {Path(line).name: imread(line.strip()) for line in shown.stdout.splitlines()}
    assert set(pictures) == {"report.png", "report-dark.png", "run.png"}
    light, dark = (float(pictures[name][:50].mean()) for name in ("report.png", "report-dark.png"))
    assert light > 0.9 > 0.2 > dark  # 0 is black, 1 is white; the top margin is paper alone
    run = pictures["run.png"]
    assert run.std() > 0.05  # not blank
    assert not np.array_equal(run, pictures["report.png"][: len(run)])
