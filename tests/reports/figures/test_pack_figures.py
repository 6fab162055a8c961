"""What every figure of the pack has in common."""

from importlib import import_module

import pytest
from matplotlib.text import Text

from posttrace.reports import figures, style
from tests.reports.figures.tables import DRAWN

EXISTING = {"forest", "routes", "timeline", "trajectories"}


def test_every_public_figure_is_drawn_here() -> None:
    assert {*DRAWN, *EXISTING} <= set(figures.__all__)
    assert all(callable(getattr(figures, name)) for name in figures.__all__)


@pytest.mark.parametrize("name", DRAWN)
def test_the_table_has_the_columns_that_are_told(name: str) -> None:
    told = import_module(f"posttrace.reports.figures.{name}").COLUMNS
    assert set(told) <= set(DRAWN[name][1]().columns)


@pytest.mark.parametrize("name", DRAWN)
def test_same_table_same_bytes(name: str) -> None:
    draw, table = DRAWN[name]
    first, again = (style.svg(draw(table()), name) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("page", ["neurips", "acl"])
def test_nothing_sticks_out_of_the_page(name: str, page: str) -> None:
    draw, table = DRAWN[name]
    figure = draw(table(), page=style.PAGES[page])
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    # a letter's overhang is allowed
    assert box.x0 > -0.06
    assert box.y0 > -0.06
    assert box.x1 < figure.get_figwidth() + 0.06
    assert box.y1 < figure.get_figheight() + 0.06


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("page", ["neurips", "acl"])
def test_text_in_print_has_at_least_six_points(name: str, page: str) -> None:
    draw, table = DRAWN[name]
    figure = draw(table(), page=style.PAGES[page])
    figure.draw_without_rendering()
    shown = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert len(shown) > 3
    assert min(float(text.get_fontsize()) for text in shown) > 5.99


@pytest.mark.parametrize("name", [name for name in DRAWN if name not in {"ranks", "crossover"}])
def test_no_row_is_a_figure_that_says_so(name: str) -> None:
    draw, table = DRAWN[name]
    figure = draw(table()[:0])
    texts = [text.get_text() for part in (figure, *figure.subfigs) for text in part.texts]
    assert style.NOTHING in texts


@pytest.mark.parametrize("name", DRAWN)
def test_drawing_leaves_the_table_alone(name: str) -> None:
    draw, table = DRAWN[name]
    given = table()
    draw(given)
    assert given.equals(table())
