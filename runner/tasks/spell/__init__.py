"""L1: spell a word backwards, one character at a time."""

from posttrace.runner.tasks.spell.task import Spell

__all__ = ["Spell"]
