"""Shell scripts: what they start, with which words, and the files that they write."""

from posttrace.analysis.routes.static.entries.shell.run import run_script

__all__ = ["run_script"]
