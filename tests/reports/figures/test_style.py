from unittest.mock import Mock

import matplotlib
import pytest

from posttrace.reports import style
from posttrace.reports.figures import best_of_k
from tests.reports.figures.tables import best


def test_pages_are_the_text_widths_of_the_venues() -> None:
    widths = {name: page.width_in for name, page in style.PAGES.items()}
    assert widths == {"wide": 9.4, "neurips": 5.5, "icml": 6.75, "acl": 6.3}
    assert all(page.column_in < page.width_in for page in style.PAGES.values())
    # 7.2 of 9 points
    assert style.PAGES["icml"].inches(1.0) == pytest.approx(0.8)


def test_text_grows_with_the_page_and_no_setting_leaks() -> None:
    before = matplotlib.rcParams["font.size"]
    with style.applied(style.PAGES["acl"]):
        assert matplotlib.rcParams["font.size"] == pytest.approx(7.2)
        assert style.pt(9) == pytest.approx(7.2)
        assert matplotlib.rcParams["figure.facecolor"] == "#ffffff"
    assert matplotlib.rcParams["font.size"] == before


@pytest.mark.parametrize("page", style.PAGES.values(), ids=style.PAGES)
def test_a_figure_is_as_wide_as_its_page(page: style.Page) -> None:
    assert best_of_k(best(), page=page).get_figwidth() == page.width_in


def test_pdf_embeds_its_fonts_and_has_no_date() -> None:
    first, again = (style.pdf(best_of_k(best())) for _ in range(2))
    assert first == again
    assert first.startswith(b"%PDF")
    assert b"/FontFile2" in first  # TrueType, embedded
    assert b"CreationDate" not in first


def test_png_has_two_hundred_dots_an_inch() -> None:
    first, again = (style.png(best_of_k(best())) for _ in range(2))
    assert first == again
    # width and height stand big-endian at byte 16 of a PNG
    assert int.from_bytes(first[16:20], "big") == pytest.approx(9.4 * 200, abs=1)


@pytest.mark.parametrize(("columns", "page", "fitting"), [(4, "wide", 4), (4, "neurips", 3), (6, "acl", 5)])
def test_legend_columns_that_fit(columns: int, page: str, fitting: int) -> None:
    # 5.5 in at 0.8 of the size are 6.9 of 9.4 in: 2.9 columns of 4; 6.3 in are 7.9 in: 5.03 of 6
    assert style.PAGES[page].fits(columns) == fitting


def test_a_figure_that_is_laid_out_is_drawn_once_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = style.laid_out(best_of_k(best()))
    drawn = Mock(wraps=figure.draw)
    monkeypatch.setattr(figure, "draw", drawn)
    style.svg(figure, "once")
    assert drawn.call_count == 1
