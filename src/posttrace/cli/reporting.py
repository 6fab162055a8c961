"""Commands that write pages: report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from posttrace.cli.checking import refuse_others, tell
from posttrace.cli.options import POLICIES, Paths

DEFAULT_OUT = "report.html"
CHECKED = ("words", "out", "twin")
"""Parameters that go with ``--check``."""


@click.command()
@click.argument("words", nargs=-1, metavar="PATH... [KEY=VALUE...]")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=f"File to write.  [default: {DEFAULT_OUT}]"
)
@click.option(
    "--format", "formats", metavar="NAME[,NAME]", help="html, pdf, md, ipynb, qmd.  [default: by -o]"
)
@click.option("--renderer", type=click.Choice(["builtin", "quarto", "auto"]), help="[default: builtin]")
@click.option("--where", multiple=True, metavar="COLUMN=VALUE[,VALUE]", help="Runs to report: task=spell.")
@click.option("--style", type=click.Choice(["wide", "neurips", "icml", "acl"]), help="[default: wide]")
@click.option("--title")
@click.option(
    "--check", "twin", is_flag=False, flag_value="", metavar="[FILE]", help="Compute FILE again and compare."
)
@click.option("--alpha", type=float, help="One-sided level.  [default: 0.05]")
@click.option("--delta-min", type=float, help="Gain to be exceeded, 0..1.  [default: 0]")
@click.option("--delta-eq", type=float, help="A gain below this is none, 0..1.  [default: 0.02]")
@click.option("--resamples", type=int, help="Draws of the null distributions.  [default: 10000]")
@click.option("--seed", type=int, help="Seed of the resampling.  [default: 0]")
@click.option("--exclude-policy", type=click.Choice(POLICIES), help="[default: drop]")
def report(
    words: Paths,
    out: Path | None,
    formats: str | None,
    where: Sequence[str],
    twin: str | None,
    **given: Any,
) -> int:
    """Write one report: a self-contained page, PDF, Markdown or Quarto document.

    PATH is traces or folders of them; the folder of one run gives a report on that run; published:NAME and
    CSV files one on reported results. KEY=VALUE are settings of conf/report, report=NAME one of its files.

    --check computes the numbers of a report's JSON (default: the one beside -o) again, from PATH or where the
    traces lay, with its own settings, writes nothing, and exits 1 when a number or a trace is not what it
    was. It does not read the page: what was changed there goes when it is written again.
    """
    from posttrace.reports.config import chosen

    paths = [word for word in words if not _is_setting(word)]
    if twin is not None:
        refuse_others("report", CHECKED, [word for word in words if _is_setting(word)])
        return _check(paths, Path(twin) if twin else (out or Path(DEFAULT_OUT)).with_suffix(".json"))
    given |= {"format": formats.split(",") if formats else None, "where": _columns(where) or None}
    found = chosen([word for word in words if _is_setting(word)], given)
    return _write(paths, out or _named(found.options.formats), found)


def _is_setting(word: str) -> bool:
    return "=" in word and not Path(word).exists()


def _named(formats: Sequence[str]) -> Path:
    return Path(DEFAULT_OUT).with_suffix(f".{formats[0]}") if formats else Path(DEFAULT_OUT)


def _columns(where: Sequence[str]) -> dict[str, list[str]]:
    from posttrace.traces.errors import InputError

    for word in where:
        if not all(word.partition("=")):
            raise InputError(f"--where {word}: write COLUMN=VALUE, such as task=spell")
    parts = [word.partition("=") for word in where]
    return {name: values.split(",") for name, _, values in parts}


def _check(paths: Sequence[str], twin: Path) -> int:
    from posttrace.reports.check import check

    return tell(twin, "report", lambda progress: check(twin, paths, progress=progress))


def _write(paths: Sequence[str], out: Path, found: Any) -> int:
    import posttrace as pt
    from posttrace.reports.terminal.screen import live

    doing: dict[str, str] = {}

    def work() -> Path:
        return pt.report(
            list(paths),
            out,
            title=found.title,
            settings=found.settings,
            options=found.options,
            progress=lambda text: doing.update(report=text),
        )

    click.echo(f"report: {live(work, lambda: dict(doing))}")
    return 0
