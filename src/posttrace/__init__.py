"""Run, record, audit and report agent-driven post-training.

``load`` reads traces into tables, ``audit`` tests whether gains exceed evaluation noise (``audit_table``:
those of a published table, and ``lint`` whether it fits itself), ``study`` says what runs show together,
``routes`` how each submission was trained, ``report`` renders the answer. Each is imported when it is first
used, so that ``import posttrace`` stays instant.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posttrace.analysis.across.study import study
    from posttrace.analysis.audit.audit import AuditSettings, audit
    from posttrace.analysis.audit.reported import audit_table
    from posttrace.analysis.lint.lint import lint
    from posttrace.analysis.routes.routes import Routes, routes
    from posttrace.analysis.runs.load import load
    from posttrace.analysis.runs.tables import TraceSet
    from posttrace.reports import figures
    from posttrace.reports.report import report

__version__ = version("posttrace")

_LAZY = {
    "AuditSettings": "posttrace.analysis.audit.audit",
    "Routes": "posttrace.analysis.routes.routes",
    "TraceSet": "posttrace.analysis.runs.tables",
    "audit": "posttrace.analysis.audit.audit",
    "audit_table": "posttrace.analysis.audit.reported",
    "lint": "posttrace.analysis.lint.lint",
    "load": "posttrace.analysis.runs.load",
    "report": "posttrace.reports.report",
    "routes": "posttrace.analysis.routes.routes",
    "study": "posttrace.analysis.across.study",
}

__all__ = [
    "AuditSettings",
    "Routes",
    "TraceSet",
    "__version__",
    "audit",
    "audit_table",
    "figures",
    "lint",
    "load",
    "report",
    "routes",
    "study",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("posttrace.reports.figures")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'posttrace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
