"""A .qmd is text that a person edits: every cell, no output."""

from omegaconf import OmegaConf

from posttrace.reports.render import qmd
from tests.reports.render.executed import executed


def test_cells_become_chunks_and_the_title_front_matter():
    text = qmd.render(executed('A "quoted" title'))
    _, front, body = text.split("---\n", 2)
    assert OmegaConf.create(front)["title"] == 'A "quoted" title'
    assert "# A" not in body  # the front matter has it
    assert "::: {.callout-note}\nNoise $means$ this @all.\n:::" in body
    assert "```{python}\n#| tags: [summary]\n1\n```" in body
    assert "```{python}\n#| tags: [evidence]\n#| output: false\n5\n```" in body
    assert "hidden" not in text
    assert "+25" not in text
