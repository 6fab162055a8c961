"""Write a pack: each figure as PDF, SVG and PNG with its record beside it, and an index of all of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from posttrace.reports import style
from posttrace.reports.files import write
from posttrace.reports.pack import provenance
from posttrace.reports.pack.contents import FIGURES
from posttrace.reports.pack.entry import Entry, Made, Unsupported
from posttrace.reports.pack.index import entries, index, readme
from posttrace.reports.pack.material import Material
from posttrace.traces.errors import InputError

INDEX: Final = "index.json"
TABLES: Final = "tables.json"
"""The index of tables."""


def chosen(names: Iterable[str]) -> tuple[Entry, ...]:
    """The figures of these names, all for none. Raises ``InputError`` for a name that no figure has."""
    wanted = [name.strip() for name in names if name.strip()]
    known = [entry.name for entry in FIGURES]
    if unknown := [name for name in wanted if name not in known]:
        raise InputError(f"no figure {', '.join(unknown)}; figures are {', '.join(known)}")
    return tuple(entry for entry in FIGURES if not wanted or entry.name in wanted)


def write_figures(
    material: Material,
    folder: Path,
    *,
    page: style.Page = style.WIDE,
    names: Iterable[str] = (),
    told: Callable[[Made], object] = lambda made: None,
) -> list[Made]:
    """Draw what the data support into ``folder``; ``told`` hears of each figure when it is done.

    The same traces give the same bytes. Every file appears whole or not at all. An index that is there keeps
    its entries for figures that were not asked for. Raises ``InputError`` when files cannot be written.
    """
    entries = chosen(names)
    prepare(folder)
    found = []
    for entry in entries:
        made = _figure(entry, material, folder, page)
        told(made)
        found.append(made)
    _write_index(found, material, folder, page)
    return found


def _figure(entry: Entry, material: Material, folder: Path, page: style.Page) -> Made:
    says = entry.caption(material)
    try:
        rows = entry.rows(material)
    except Unsupported as error:
        _remove(entry.name, folder)
        return Made(entry.name, entry.title, says, reason=str(error))
    drawn = style.laid_out(entry.draw(rows, material.settings, page))
    files = {
        f"{entry.name}.pdf": style.pdf(drawn),
        f"{entry.name}.svg": style.svg(drawn, entry.name).encode(),
        f"{entry.name}.png": style.png(drawn),
    }
    about = _about(entry, material, folder, page)
    record = provenance.record(about, rows, material, folder, files)
    for name, data in files.items():
        write(folder / name, data)
    write(folder / f"{entry.name}.json", as_json(record))
    return Made(entry.name, entry.title, says, (*files, f"{entry.name}.json"))


def _about(entry: Entry, material: Material, folder: Path, page: style.Page) -> provenance.About:
    options = ["--style", page.name, "--only", entry.name]
    command = provenance.command("figures", material, folder, options)
    return provenance.About(entry.name, "figure", entry.title, entry.caption(material), command)


def _remove(name: str, folder: Path) -> None:
    """A figure of earlier data must not stand beside the reason why there is none."""
    for suffix in ("pdf", "svg", "png", "json"):
        (folder / f"{name}.{suffix}").unlink(missing_ok=True)


def _write_index(found: Sequence[Made], material: Material, folder: Path, page: style.Page) -> None:
    command = provenance.command("figures", material, folder, ["--style", page.name])
    order = [entry.name for entry in FIGURES]
    about = {"command": command, "asked": provenance.asked(material, folder)}
    listed = index("figures", found, entries(earlier(folder / INDEX), "figures"), order, about)
    write(folder / INDEX, as_json(listed))
    describe(folder)


def describe(folder: Path) -> None:
    """Write the pack's README from the indices that are there."""
    found = [earlier(folder / name) for name in (INDEX, TABLES)]
    figures, tables = (one if one.get("schema") == provenance.SCHEMA else {} for one in found)
    write(folder / "README.md", readme(figures, tables).encode())


def earlier(path: Path) -> Mapping[str, Any]:
    """The index that is there; empty where none is, or the file is something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def prepare(folder: Path) -> None:
    """Make the folder and try that it takes files."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: give the name of a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{folder}: cannot write there ({error.strerror}): choose another folder") from error


def as_json(value: Any) -> bytes:
    """Indented JSON; undefined numbers are null before they come here."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
