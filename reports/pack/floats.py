"""A table as floats of LaTeX, for papers of one and of two columns: nothing below \\scriptsize.

A table that fits a column is a ``table``, a wider one a ``table*``. Of one that is wider still the text is
folded, then columns go below the others, with those that say whose a row is. A long one is several floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import pandas as pd

from posttrace.reports.display import plain
from posttrace.reports.pack.columns import Column, total_em
from posttrace.reports.pack.latex import SYMBOLS, latex

PACKAGES: Final = ("amssymb", "booktabs")
"""All that any table needs; the first line of a table has its own."""
FEWEST: Final = 14
"""Letters of a line that is not folded to make room."""
LETTERS: Final = 30
"""Of a line of a table whose columns go below each other."""


class Layout(NamedTuple):
    """Where a table may stand. ``room_em``: width in sizes of its text; ``lines`` of it on a page."""

    environment: str
    size: str
    room_em: float
    lines: int


LAYOUTS: Final = (
    Layout("table", r"\footnotesize", 24, 54),
    Layout("table", r"\scriptsize", 27, 64),
    Layout("table*", r"\footnotesize", 44, 54),
    Layout("table*", r"\scriptsize", 56, 64),
)
"""The first that takes a table is taken. Rooms are the least of NeurIPS (text 5.5 in, sizes 9 and 7 pt), ICML
(column 3.25 in, 8 and 7 pt) and ACL (column 3.03 in, text 6.3 in, 9 and 8 pt), lines those of 9 in less a
caption."""


def float_table(shown: pd.DataFrame, right: Sequence[bool], caption: str, name: str) -> str:
    """Cells as text, whether a column stands right, and the caption. ``tab:name`` is the label.

    The end of a line in a cell is where it may be folded.
    """
    groups = _groups(shown, right)
    first = 1 if groups else 0
    columns = [
        Column(str(head), side, list(shown.iloc[:, i]))
        for i, (head, side) in enumerate(zip(shown.columns, right, strict=True))
        if i >= first
    ]
    layout, blocks = _laid_out(columns)
    pages = _pages(_tables(blocks, groups, layout.lines), layout.lines)
    body = [line for i, page in enumerate(pages) for line in _float(page, layout, caption, name, i)]
    used = "\n".join(body)
    symbols = any(symbol in used for symbol in SYMBOLS.values())
    needed = ",".join(PACKAGES if symbols else PACKAGES[1:])
    return "\n".join([rf"% needs \usepackage{{{needed}}}", *body, ""])


def _groups(shown: pd.DataFrame, right: Sequence[bool]) -> list[str]:
    """The first column, where it is said once above the rows that share it; else nothing."""
    if right[0] or shown.shape[1] < 3:
        return []
    head, values = str(shown.columns[0]), shown.iloc[:, 0]
    if not (values != values.shift()).sum() == values.nunique() <= len(values) / 2:
        return []
    return [plain(value if head == "task" else f"{head}: {value}") for value in values]


def _laid_out(columns: list[Column]) -> tuple[Layout, list[list[Column]]]:
    """The first layout that takes the columns, and those of each part of the table."""
    broken = [column.folded(0) for column in columns]
    for layout in LAYOUTS:
        for tried in (columns, broken):
            if total_em(tried) <= layout.room_em:
                return layout, [tried]
    layout, narrow = LAYOUTS[-1], broken
    while total_em(narrow) > layout.room_em:
        text = [column for column in narrow if column.longest > FEWEST != column.letters]
        if not text:
            return layout, _split([column.folded(LETTERS) for column in columns], layout.room_em)
        widest = max(text, key=lambda column: column.width_em)
        letters = max(FEWEST, int(0.85 * min(widest.longest, widest.letters or widest.longest)))
        narrow = [column.folded(letters) if column is widest else column for column in narrow]
    return layout, [narrow]


def _split(columns: list[Column], room_em: float) -> list[list[Column]]:
    """Parts that fit, each with the columns of names that the table begins with."""
    names = next((i for i, column in enumerate(columns) if column.right), 1)
    while names > 1 and total_em(columns[:names]) > room_em / 4:
        names -= 1
    keys = columns[: max(1, names)]
    parts: list[list[Column]] = []
    for column in columns[len(keys) :]:
        if parts and total_em([*parts[-1], column]) <= room_em:
            parts[-1].append(column)
        else:
            parts.append([*keys, column])
    return parts or [keys]


class Part(NamedTuple):
    """A ``tabular``, and how many lines it takes."""

    text: list[str]
    lines: float


def _tables(blocks: list[list[Column]], groups: list[str], most: int) -> Iterator[Part]:
    """Rows that fit a page, about as many on each, in each block of columns."""
    pages = len(_cuts(blocks, groups, most))
    total = max(_lines(block, groups, 0, len(block[0].cells)) for block in blocks)
    tried = (_cuts(blocks, groups, lines) for lines in range(min(most, int(total / pages)), most + 1))
    cuts = next(cuts for cuts in tried if len(cuts) == pages)
    for start, stop in zip([0, *cuts], cuts, strict=False):
        for block in blocks:
            yield Part(_tabular(block, groups, start, stop), _lines(block, groups, start, stop))


def _cuts(blocks: list[list[Column]], groups: list[str], most: int) -> list[int]:
    """After which rows a page ends that takes so many lines, and at least one row."""
    total = len(blocks[0][0].cells)
    cuts, start = [], 0
    for stop in range(1, total + 1):
        if stop == total or max(_lines(block, groups, start, stop + 1) for block in blocks) > most:
            cuts.append(stop)
            start = stop
    return cuts


def _lines(block: list[Column], groups: list[str], start: int, stop: int) -> float:
    heights = [max(len(column.cells[row]) for column in block) for row in range(start, stop)]
    apart = 0.3 * len(heights) if max(heights) > 1 else 0.0
    tasks = 1.5 * len(set(groups[start:stop]))
    return 2.0 + max(len(column.head) for column in block) + sum(heights) + apart + tasks


def _pages(parts: Iterable[Part], most: int) -> list[list[Part]]:
    """Parts that stand together on a page."""
    pages: list[list[Part]] = []
    for part in parts:
        if pages and sum(one.lines for one in pages[-1]) + part.lines <= most:
            pages[-1].append(part)
        else:
            pages.append([part])
    return pages


def _float(page: list[Part], layout: Layout, caption: str, name: str, nth: int) -> list[str]:
    said = "Continued." if nth else latex(caption)
    tables = [line for part in page for line in [*part.text, r"\par\medskip"]]
    return [
        rf"\begin{{{layout.environment}}}[tp]",
        *([r"\addtocounter{table}{-1}"] if nth else []),
        r"\centering",
        rf"\caption{{{said}}}",
        *([] if nth or not name else [rf"\label{{tab:{name}}}"]),
        r"\smallskip",  # article has no room below a caption
        rf"{layout.size}\setlength{{\tabcolsep}}{{3pt}}",
        *tables[:-1],
        rf"\end{{{layout.environment}}}",
    ]


def _tabular(block: list[Column], groups: list[str], start: int, stop: int) -> list[str]:
    sides = "".join("r" if column.right else "l" for column in block)
    apart = any(len(column.cells[row]) > 1 for column in block for row in range(start, stop))
    return [
        rf"\begin{{tabular}}{{@{{}}{sides}@{{}}}}",
        r"\toprule",
        *_rows([column.head for column in block], bottom=True),
        r"\midrule",
        *(line for row in range(start, stop) for line in _row(block, groups, start, row, apart)),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _row(block: list[Column], groups: list[str], start: int, row: int, apart: bool) -> Iterator[str]:
    """The lines of a row, below its task where that is another than the one before."""
    if groups and (row == start or groups[row] != groups[row - 1]):
        yield from [] if row == start else [r"\addlinespace"]
        yield rf"\multicolumn{{{len(block)}}}{{@{{}}l@{{}}}}{{\textit{{{latex(groups[row])}}}}} \\"
    elif apart and row > start:
        yield r"\addlinespace[2pt]"
    yield from _rows([column.cells[row] for column in block])


def _rows(cells: list[list[str]], *, bottom: bool = False) -> Iterator[str]:
    """Cells of several lines as that many rows, which begin together, or end together."""
    height = max(map(len, cells))
    full = [[""] * ((height - len(cell)) * bottom) + cell + [""] * (height - len(cell)) for cell in cells]
    for i in range(height):
        line = " & ".join(latex(cell[i]) for cell in full) + r" \\"
        # after the end of a line these would be its argument
        yield f"{{}}{line}" if line.startswith(("[", "*")) else line
