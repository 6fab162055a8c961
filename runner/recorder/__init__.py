"""What is observed while an agent works: its code, processes, models, metrics and resources."""

from posttrace.runner.recorder.recorder import Recorder, RecorderSettings
from posttrace.runner.recorder.revisions import Revisions

__all__ = ["Recorder", "RecorderSettings", "Revisions"]
