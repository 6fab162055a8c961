"""Write tables of a pack: each in one format, with its record beside it, and an index of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from posttrace.reports.files import write
from posttrace.reports.pack import provenance
from posttrace.reports.pack.entry import Made, Unsupported
from posttrace.reports.pack.formats import PRINTED, SUFFIXES, rendered
from posttrace.reports.pack.index import entries, index
from posttrace.reports.pack.sheets import SHEETS, Sheet, chosen
from posttrace.reports.pack.write import TABLES, as_json, describe, earlier, prepare

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material


def table(material: Material, name: str, form: str) -> bytes:
    """One table in a format; ``Unsupported`` where these data have none."""
    (sheet,) = chosen((name,))
    return _bytes(sheet, _rows(sheet, material, form), material, form)


def _rows(sheet: Sheet, material: Material, form: str) -> pd.DataFrame:
    frame = sheet.frame(material)
    if frame.empty and form in PRINTED:
        raise Unsupported("no row")
    return frame


def _bytes(sheet: Sheet, frame: pd.DataFrame, material: Material, form: str) -> bytes:
    if form not in PRINTED:
        return rendered(frame, form)
    shown = sheet.printed(frame, material)
    return rendered(shown.cells, form, shown.caption, sheet.name)


def write_tables(
    material: Material,
    folder: Path,
    form: str,
    names: tuple[str, ...] = (),
    told: Callable[[Made], object] = lambda made: None,
) -> list[Made]:
    """Write tables as ``table_<name>``, all for no ``names``; ``told`` hears of each when it is done.

    In LaTeX and Markdown the long ones are written only when they are named. Paths of traces are as seen from
    ``folder``. Every file appears whole or not at all. Raises ``InputError`` when files cannot be written.
    """
    sheets = [sheet for sheet in chosen(names) if names or form not in PRINTED or not sheet.long]
    prepare(folder)
    found = []
    for sheet in sheets:
        made = _table(sheet, material, folder, form)
        told(made)
        found.append(made)
    command = provenance.command("tables", material, folder, ["--format", form])
    kept = entries(earlier(folder / TABLES), "tables")
    order = [sheet.name for sheet in SHEETS]
    about = {"command": command, "asked": provenance.asked(material, folder)}
    write(folder / TABLES, as_json(index("tables", found, kept, order, about)))
    describe(folder)
    return found


def _table(sheet: Sheet, material: Material, folder: Path, form: str) -> Made:
    stem = f"table_{sheet.name}"
    file, beside = f"{stem}.{SUFFIXES[form]}", f"{stem}.about.json"
    try:
        frame = provenance.placed(_rows(sheet, material, form), material, folder)
    except Unsupported as error:
        for name in (file, beside, *earlier(folder / beside).get("files", ())):
            (folder / name).unlink(missing_ok=True)
        return Made(sheet.name, sheet.name, sheet.row, reason=str(error))
    data = _bytes(sheet, frame, material, form)
    options = ["--format", form, "--table", sheet.name]
    command = provenance.command("tables", material, folder, options)
    about = provenance.About(sheet.name, "table", sheet.name, f"One row: {sheet.row}.", command)
    record = provenance.record(about, frame, material, folder, {file: data})
    record["files"] = _other_formats(folder, earlier(folder / beside), record) | record["files"]
    write(folder / file, data)
    write(folder / beside, as_json(record))
    return Made(sheet.name, sheet.name, sheet.row, (*record["files"], beside))


def _other_formats(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Files of the same rows in other formats stay, with their hashes; those of other rows go."""
    files = {name: digest for name, digest in before.get("files", {}).items() if name not in now["files"]}
    if before.get("rows_sha256") == now["rows_sha256"]:
        return files
    for name in files:
        (folder / name).unlink(missing_ok=True)
    return {}
