"""L3: put an object where it belongs, in a household that answers every command."""

from posttrace.runner.tasks.house.task import House

__all__ = ["House"]
