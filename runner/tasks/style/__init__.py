"""L2: short texts that a hidden judge compares with a reference, in both orders."""

from posttrace.runner.tasks.style.task import Style

__all__ = ["Style"]
