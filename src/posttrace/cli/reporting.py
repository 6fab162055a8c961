"""Commands that write pages: report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from posttrace.cli.checking import checked, refuse_others
from posttrace.cli.options import Paths, audit_overrides
from posttrace.cli.progress import Tell, telling

DEFAULT_OUT = "report.html"
CHECKED = ("words", "out", "twin")
"""Parameters that go with ``--check``."""


@click.command()
@click.argument("words", nargs=-1, metavar="PATH... [KEY=VALUE...]")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=f"File to write.  [default: {DEFAULT_OUT}]"
)
@click.option(
    "--format",
    "formats",
    metavar="NAME[,NAME]",
    help="html, pdf, md, ipynb, qmd.  [default: as the name of -o ends]",
)
@click.option(
    "--renderer",
    type=click.Choice(["builtin", "quarto", "auto"]),
    help="auto: Quarto where it is installed.  [default: builtin]",
)
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE[,VALUE]",
    help="Only these runs: task=spell; may be given again.",
)
@click.option(
    "--style",
    type=click.Choice(["wide", "neurips", "icml", "acl"]),
    help="Width and text of the figures.  [default: wide]",
)
@click.option("--title", help="Title of the report.  [default: what it is about]")
@click.option(
    "--check", "twin", is_flag=False, flag_value="", metavar="[FILE]", help="Compute FILE again and compare."
)
@audit_overrides
def report(
    words: Paths,
    out: Path | None,
    formats: str | None,
    where: Sequence[str],
    twin: str | None,
    **given: Any,
) -> int:
    """Write one report: a web page, PDF, Markdown or Quarto document.

    PATH is traces or folders of them, for a report on all runs; the folder of one run, for one on that run;
    CSV files or published:NAME, for one on reported results. KEY=VALUE sets a value of conf/report
    (alpha=0.1), report=NAME takes one of its files (report=paper); an option has the last word.

    --check computes the numbers in the JSON of a report again (default: the one beside -o), from PATH or
    where the traces lay, with the settings of then; nothing is written. The page itself is not read.

    Exit 1 when --check finds a number or a trace that is not what it was.
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

    return checked(twin, "report", lambda progress: check(twin, paths, progress=progress))


def _write(paths: Sequence[str], out: Path, found: Any) -> int:
    import posttrace as pt

    def work(tell: Tell) -> Path:
        return pt.report(
            list(paths),
            out,
            title=found.title,
            settings=found.settings,
            options=found.options,
            progress=tell,
        )

    click.echo(f"report: {telling('report', work)}")
    return 0
