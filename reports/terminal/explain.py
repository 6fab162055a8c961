"""The explanation of a run's routes as a tree: each submission, and below it what it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from posttrace.reports.display import DASH, plain
from posttrace.reports.terminal.screen import UNFOLDED

if TYPE_CHECKING:
    from posttrace.analysis.routes.explanation import Edge, Explanation, Node, Rejected

MOST_FACTS: Final = 6
"""Lines of evidence below a command; JSON has all."""
MOST_REJECTED: Final = 4


def print_explanation(explanation: Explanation) -> None:
    """Print the tree of ``explanation_tree``, folded for a person and unfolded for a pipe."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=UNFOLDED)
    console.print(explanation_tree(explanation))


def explanation_tree(explanation: Explanation) -> Tree:
    """Submissions of a run, each with its lineage back to the base; what was shown before is named only."""
    tree = Tree(_text(f"Routes of {explanation.run_id}", "bold"))
    if explanation.problem:
        tree.add(_text(f"note: {explanation.problem}", "yellow"))
    shown = _Shown(explanation)
    for node in explanation.nodes:
        if node.kind == "submission":
            shown.below(tree, node.key)
    if explanation.aside:
        _list(tree.add(_text("ran or was there, and is in no submission", "bold")), explanation.aside, None)
    return tree


class _Shown:
    """Adds nodes with what they came from; each once."""

    def __init__(self, explanation: Explanation) -> None:
        self._nodes = {node.key: node for node in explanation.nodes}
        self._edges = {edge.target: edge for edge in explanation.edges}
        self._done: set[str] = set()

    def below(self, tree: Tree, key: str) -> None:
        """A chain may be long, so it is followed in a loop, not by recursion; a merge has several."""
        open_ = [(tree, key)]
        while open_:
            at, name = open_.pop()
            edge = self._edges.get(name)
            known = name in self._done and edge is not None
            branch = at.add(_title(self._nodes[name], see_above=known))
            if known or edge is None:
                continue
            self._done.add(name)
            _facts(branch, edge)
            open_ += [(branch, source) for source in reversed(edge.sources)]


def _title(node: Node, *, see_above: bool) -> Text:
    if node.kind == "submission":
        return _text(f"{node.key}: {node.path} {DASH} {node.route}", "bold")
    if node.kind == "base":
        return _text(f"base model, {node.path}", "green")
    if node.kind == "unknown":
        return _text("a model that nobody saw", "red")
    seen = f", seen at {node.seen_s:.1f} s" if node.seen_s is not None else ""
    also = f"; the same in {', '.join(node.also)}" if node.also and not see_above else ""
    given = ", given" if node.kind == "given" else ""
    return _text(
        f"{node.key}: {node.path}{given}{seen}{also}" + (" (see above)" if see_above else ""), "cyan"
    )


def _facts(branch: Tree, edge: Edge) -> None:
    """What was done, the evidence for it, and what was turned down."""
    if edge.kind == "submit":
        for fact in edge.evidence:
            branch.add(_text(f"{fact.rule}: {fact.says}"))
        return
    did = branch.add(_text(_done(edge), "magenta"))
    for fact in edge.evidence[:MOST_FACTS]:
        did.add(_text(f"{fact.where or DASH}  {fact.rule}: {fact.says}"))
    if (more := len(edge.evidence) - MOST_FACTS) > 0:
        did.add(_text(f"and {more} more facts", "dim"))
    if edge.rejected:
        _list(did.add(_text("turned down", "dim")), edge.rejected, MOST_REJECTED)


def _done(edge: Edge) -> str:
    stages = ">".join(edge.stages)
    words = {"train": f"trained by {stages}", "submit": "submitted", "unexplained": "nobody knows how"}
    said = words.get(edge.kind, f"{edge.kind} without training" if not stages else f"{edge.kind} of {stages}")
    if edge.tier:
        said += f", tier {edge.tier}"
    if edge.command is None:
        return said
    when = ""
    if edge.started_s is not None:
        when = f", {edge.started_s:.1f} to {'the end' if edge.ended_s is None else f'{edge.ended_s:.1f}'} s"
    return f"{said}: {edge.command}{when}"


def _list(branch: Tree, rejected: tuple[Rejected, ...], most: int | None) -> None:
    for item in rejected[:most]:
        branch.add(_text(f"{item.what}: {item.why}", "dim"))
    if most is not None and len(rejected) > most:
        branch.add(_text(f"and {len(rejected) - most} more", "dim"))


def _text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style)  # text of a trace, not markup
