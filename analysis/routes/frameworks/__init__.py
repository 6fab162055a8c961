"""What frameworks train, as data: one TOML table each, from their public documentation.

``command`` answers for a command line, ``config`` for a configuration file alone, ``trainer`` and
``function`` and ``loss`` for a dotted name that source uses. Nothing here looks at code.
"""

from posttrace.analysis.routes.frameworks import corpora
from posttrace.analysis.routes.frameworks.commands import command, config
from posttrace.analysis.routes.frameworks.settings import Settings, Verdict, decide
from posttrace.analysis.routes.frameworks.tables import (
    Entry,
    closed,
    function,
    holds,
    known,
    loss,
    starts,
    trainer,
    vendored,
)

__all__ = [
    "Entry",
    "Settings",
    "Verdict",
    "closed",
    "command",
    "config",
    "corpora",
    "decide",
    "function",
    "holds",
    "known",
    "loss",
    "starts",
    "trainer",
    "vendored",
]
