"""One figure a file. Each takes a finished tidy table and returns a matplotlib ``Figure``."""

from posttrace.reports.figures.forest import forest
from posttrace.reports.figures.routes import routes
from posttrace.reports.figures.timeline import timeline
from posttrace.reports.figures.trajectories import trajectories

__all__ = ["forest", "routes", "timeline", "trajectories"]
