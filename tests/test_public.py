"""The public surface: what a user may rely on."""

import subprocess
import sys

import posttrace as pt


def test_names():
    assert sorted(pt.__all__) == [
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
    assert all(getattr(pt, name) for name in pt.__all__)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(pt, "power")


def test_import_loads_nothing_heavy():
    heavy = ["pandas", "numpy", "hydra", "scipy", "matplotlib", "posttrace.analysis", "posttrace.runner"]
    code = f"import posttrace, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
