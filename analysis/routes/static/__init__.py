"""From the source of one revision and one launched command: what is trained, what is read and written.

Nothing of the analysed code is imported or executed; the standard library's ``ast`` is all there is.
"""

from posttrace.analysis.routes.static.read import read_command
from posttrace.analysis.routes.static.reading import CheckpointIO, Command, Reading, SampledFile, Stage

__all__ = ["CheckpointIO", "Command", "Reading", "SampledFile", "Stage", "read_command"]
