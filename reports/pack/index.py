"""The index of a pack: which figures and tables it has, and why it lacks the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from posttrace.reports.display import escaped
from posttrace.reports.pack.floats import PACKAGES
from posttrace.reports.pack.printed import MOST_ROWS
from posttrace.reports.pack.provenance import SCHEMA

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made


def entries(before: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    """The entries of an index that is there; none of a file that is no index."""
    found = before.get(what, [])
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def index(
    what: str,
    found: Sequence[Made],
    kept: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Plain JSON of the ``figures`` or ``tables`` in the pack's ``order``; ``about``: command and ``asked``.

    Entries ``kept`` from an index that is there stay where nothing new was ``found``.
    """
    listed = {entry["name"]: entry for entry in kept if entry.get("name") in order}
    listed |= {
        made.name: {
            "name": made.name,
            "title": made.title,
            "says": made.says,
            "files": list(made.files),
            "missing": made.reason,
            "asked": about["asked"],
        }
        for made in found
    }
    return {
        "schema": SCHEMA,
        "posttrace": version("posttrace"),
        "command": about["command"],
        what: [listed[name] for name in order if name in listed],
    }


def readme(figures: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    """The indices of figures and of tables for people, in Markdown; of what the pack lacks, nothing."""
    parts = [*(_figures(figures) if figures else ()), *(_tables(tables) if tables else ())]
    return "\n".join(parts)


def _figures(listed: Mapping[str, Any]) -> list[str]:
    lines = [
        "# Figures",
        "",
        "Each figure is there as PDF, SVG and PNG. The JSON beside it has the rows it shows, the runs and "
        "their number behind each row, what was left out, the head hashes of the traces, and the command "
        "that rebuilds it. A PDF has the width of its page's style, and text to be read at that size: "
        "`\\includegraphics{results}` without a width.",
        "",
        *_again(listed, "figures"),
        "To change a figure, draw the rows of its record again, with `figures.slopes` and "
        "`figures.trajectories` for those of several names:",
        "",
        "    from posttrace.reports import figures, style",
        "    from posttrace.reports.pack.provenance import rows",
        "",
        '    figure = figures.results(rows("results.json"), page=style.PAGES["neurips"])',
        '    figure.axes[0].set_title("Ours")',
        '    open("ours.pdf", "wb").write(style.pdf(figure))',
        "",
    ]
    for entry in _there(listed, "figures"):
        name = entry["name"]
        lines += [f"## {entry['title']}", "", f"![{entry['title']}]({name}.svg)", ""]
        lines += [f"{entry['says']} Numbers: [{name}.json]({name}.json).", ""]
    return [*lines, *_missing(listed, "figures", "## Not drawn")]


def _tables(listed: Mapping[str, Any]) -> list[str]:
    there = _there(listed, "tables")
    lines = [
        "# Tables",
        "",
        "The JSON beside each table has its rows with all digits, and where they come from. In LaTeX and "
        "Markdown numbers are shortened, gains are in percentage points, and identifiers are words. There a "
        f"table has at most {MOST_ROWS} rows, and says what it leaves out.",
        "",
        *_again(listed, "tables"),
    ]
    if any(file.endswith(".tex") for entry in there for file in entry["files"]):
        lines += [
            f"LaTeX needs `\\usepackage{{{','.join(PACKAGES)}}}`. `\\input{{table_results}}` is a float with "
            "its caption and `\\label{tab:results}`, for papers of one and of two columns in Times (text "
            "widths of NeurIPS, ICML and ACL): `table` where a column is wide enough, else `table*`; nothing "
            "is below `\\scriptsize`. A long one is several floats.",
            "",
        ]
    for entry in there:
        files = ", ".join(f"[{file}]({file})" for file in entry["files"])
        lines.append(f"- {entry['name']}. One row: {entry['says']}. {files}")
    return [*lines, "", *_missing(listed, "tables", "## Not written")]


def _again(listed: Mapping[str, Any], what: str) -> list[str]:
    return [
        "All of them again, typed in this folder:",
        "",
        f"    {listed['command']}",
        "",
        "Whether the numbers still follow from the traces, and these files are what was written:",
        "",
        f"    posttrace {what} . --check",
        "",
    ]


def _there(listed: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    return [entry for entry in listed[what] if entry["missing"] is None]


def _missing(listed: Mapping[str, Any], what: str, title: str) -> list[str]:
    missing = [entry for entry in listed[what] if entry["missing"] is not None]
    said = [f"- {entry['title']}: {escaped(entry['missing'])}." for entry in missing]
    return [title, "", *said, ""] if missing else []
