"""Pictures of a report for the README: ``python docs/screenshot.py demo/report.html``. Needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DARK = "--blink-settings=preferredColorScheme=0"
SHOTS = {
    "report": ("", (1280, 860), ()),
    "report-dark": ("", (1280, 860), (DARK,)),
    "run": ("#one-run-in-full", (1000, 920), ()),
}
"""Name of a picture -> part of the page, size of the window in pixels, further flags."""
FRAME = '<body style="margin:0"><iframe src="{}" style="border:0;width:100vw;height:100vh"></iframe>'
LIMIT_S = 120


@click.command()
@click.argument("page", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path(__file__).with_name("images"),
    show_default=True,
)
def main(page: Path, out: Path) -> None:
    """Take the pictures of PAGE, a report of posttrace."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise click.ClickException("no Chromium on PATH; install one (Debian: apt-get install chromium)")
    out.mkdir(parents=True, exist_ok=True)
    for name, (anchor, (width, height), more) in SHOTS.items():
        picture = out.resolve() / f"{name}.png"
        with tempfile.TemporaryDirectory() as profile:
            frame = Path(profile) / "frame.html"  # a scrolled page by itself comes out blank
            frame.write_text(FRAME.format(page.resolve().as_uri() + anchor))
            place = [f"--user-data-dir={profile}", f"--window-size={width},{height}"]
            command = [chromium, *FLAGS, *place, *more, f"--screenshot={picture}", frame.as_uri()]
            subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
        click.echo(picture)


if __name__ == "__main__":
    main()
