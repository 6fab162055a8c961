"""The commands and the code of ``docs/reports.md`` in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.reports.study import write_study

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
BLOCKS = re.compile(r"^```(bash|python)\n(.*?)^```", re.M | re.S)


def test_what_the_page_shows_works(tmp_path: Path) -> None:
    write_study(tmp_path / "outputs")
    bin_ = str(Path(sys.executable).parent)  # where ``posttrace`` is installed
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}
    said = ""
    for language, text in BLOCKS.findall(PAGE.read_text()):
        command = ["bash", "-e", "-c", text] if language == "bash" else [sys.executable, "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, text + done.stdout + done.stderr
        said += done.stdout
    assert said.count("reproduce") == 3
    made = ("report.html", "report.ipynb", "report.json", "results-acl.pdf")
    assert all((tmp_path / name).is_file() for name in made)
