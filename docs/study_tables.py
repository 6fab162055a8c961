"""The tables of ``docs/study.md``: ``python docs/study_tables.py outputs/study``."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd
from statsmodels.stats.multitest import multipletests

import posttrace as pt
from posttrace.analysis.across.contrast import contrasts
from posttrace.analysis.audit.audit import Audit
from posttrace.reports.display import p_value

PAIRS = (
    ("hybrid", "sft_continued"),
    ("sft_continued", "sft"),
    ("grpo", "sft"),
    ("rft", "sft"),
)
"""Planned before the study ran: what the reinforced stage adds to equal compute, what more steps of
supervision add, and each other route against supervision."""


def cells(audit: Audit) -> pd.DataFrame:
    """One row a task and agent: what was gained, and what the audit says of its runs."""
    runs = audit.table()
    rows = []
    for cell in audit.cells:
        of_cell = runs[runs["cell_id"] == cell.cell_id]
        verdicts = of_cell["verdict"].value_counts()
        routes = of_cell["route"].fillna("–").value_counts()
        rows.append(
            {
                "task": cell.task,
                "agent": cell.agent,
                "runs": cell.n_runs,
                "base %": f"{100 * of_cell['baseline'].mean():.1f}",
                "reported best %": f"{100 * of_cell['reported_best'].mean():.1f}",
                "reported gain": f"{100 * of_cell['reported_gain'].mean():+.1f}",
                "gain": _interval(cell.mean_gain, cell.low, cell.high),
                "gain is": cell.gain_kind,
                "verdicts": ", ".join(f"{n} {code}" for code, n in verdicts.items()),
                "route": ", ".join(f"{n} {label}" for label, n in routes.items()),
            }
        )
    return pd.DataFrame(rows).sort_values(["task", "agent"])


def differences(audit: Audit) -> pd.DataFrame:
    """One row a planned pair and task; Holm over all of them."""
    found = contrasts(audit.table(), PAIRS)
    holm = multipletests(found["p_t"], method="holm")[1]
    return pd.DataFrame(
        {
            "task": found["task"],
            "contrast": found["one"] + " − " + found["other"],
            "pairs": found["n"],
            "mean difference, pp": [
                _interval(m, lo, hi)
                for m, lo, hi in zip(found["mean"], found["low"], found["high"], strict=True)
            ],
            "p (t)": found["p_t"].map(p_value),
            "p Holm": [p_value(p) for p in holm],
            "p (sign flips)": found["p_flip"].map(p_value),
        }
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
def main(folder: Path) -> None:
    """Print both tables as Markdown."""
    traces = pt.load(folder)
    audit = pt.audit(traces).with_routes(pt.routes(traces))
    for table in (cells(audit), differences(audit)):
        click.echo(table.to_markdown(index=False) + "\n")


def _interval(mean: float, low: float, high: float) -> str:
    return f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


if __name__ == "__main__":
    main()
