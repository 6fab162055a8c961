"""Errors that cross posttrace's public boundaries: one base, one class for each boundary."""


class PosttraceError(Exception):
    """Base of every error a user can cause. Its text is one line: what is wrong, and what to do."""


class TraceError(PosttraceError):
    """A trace cannot be read or written as asked."""


class ChainError(TraceError):
    """A complete line of a trace does not follow from the line before: something was changed."""


class DiskFullError(TraceError):
    """A line did not fit on the disk. The trace was cut back to its last whole line."""


class ConfigError(PosttraceError):
    """The configuration cannot be composed, or asks for something that is not there."""


class InputError(PosttraceError):
    """A path, table or option given by the user cannot be used."""


class GradingError(PosttraceError):
    """An evaluation did not return a score. A failure is data: it is recorded, never scored 0."""


class SweepError(PosttraceError):
    """A sweep could not go on. Runs that ended before are on disk and stay."""
