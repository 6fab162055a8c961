"""One figure a file. Each takes a finished tidy table and returns a matplotlib ``Figure``.

Columns and units of the table stand in ``COLUMNS`` of the figure's module. ``page`` (``style.PAGES``) is what
it is printed on. A name that is too long for its place is folded, then loses its middle; the table has all of
it.
"""

from posttrace.reports.figures.best_of_k import best_of_k
from posttrace.reports.figures.crossover import crossover
from posttrace.reports.figures.failures import failures
from posttrace.reports.figures.forest import forest
from posttrace.reports.figures.medals import medals
from posttrace.reports.figures.modes import modes
from posttrace.reports.figures.power import power
from posttrace.reports.figures.profiles import profiles
from posttrace.reports.figures.ranks import ranks
from posttrace.reports.figures.results import results
from posttrace.reports.figures.route_gains import route_gains
from posttrace.reports.figures.routes import routes
from posttrace.reports.figures.slopes import slopes
from posttrace.reports.figures.timeline import timeline
from posttrace.reports.figures.trajectories import trajectories
from posttrace.reports.figures.wins import wins

__all__ = [
    "best_of_k",
    "crossover",
    "failures",
    "forest",
    "medals",
    "modes",
    "power",
    "profiles",
    "ranks",
    "results",
    "route_gains",
    "routes",
    "slopes",
    "timeline",
    "trajectories",
    "wins",
]
