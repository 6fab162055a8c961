"""Words of a command: variables, defaults, arrays, quotes. ``*`` stands for what is not known of a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from tree_sitter import Node

from posttrace.analysis.routes.static.entries.shell import syntax

UNKNOWN: Final = "*"
_BRACED: Final = re.compile(r"^\$\{(#|!)?(\w+|[@*#?$!-])(?:\[([^\]]*)\])?(.*)\}$", re.DOTALL)
_NAMED: Final = re.compile(r"\$(\w+|[@*#?])|\$\{[^{}]*\}")
_CHOICE: Final = re.compile(r"\{([^{}\s]*,[^{}\s]*|-?\d+\.\.-?\d+)\}")
_MOST_FIELDS: Final = 64

Substitute = Callable[[Node], str | None]
Piece = tuple[str | list[str], bool]
"""A part of a word, several words for ``$@`` and its like, and whether it stands in quotes."""


@dataclass
class Variables:
    """Variables of a shell; ``places``: its arguments from ``$0`` on; null after them: not known how many."""

    env: dict[str, str]
    places: list[str] = field(default_factory=list)
    counted: bool = True
    """Whether ``places`` are all arguments there are."""
    arrays: dict[str, list[str]] = field(default_factory=dict)

    def copy(self) -> Variables:
        """For a subshell."""
        return Variables(dict(self.env), list(self.places), self.counted, dict(self.arrays))

    def get(self, name: str) -> str | list[str] | None:
        """Value of a variable or parameter; null when it is not set, or not known."""
        if name in ("@", "*"):
            return self.places[1:]
        if name == "#":
            return str(len(self.places) - 1) if self.counted else None
        if name.isdigit():
            at = int(name)
            if at < len(self.places):
                return self.places[at]
            return "" if self.counted else None
        if name in self.arrays:
            return (self.arrays[name] or [""])[0]
        return self.env.get(name)


def fields(node: Node, variables: Variables, substitute: Substitute) -> list[str]:
    """The words that one word of the script stands for."""
    made, any_piece = [""], False
    for piece, quoted in _pieces(node, variables, substitute):
        parts = piece if isinstance(piece, list) else [piece] if quoted else piece.split()
        any_piece = any_piece or (quoted and not isinstance(piece, list))
        if isinstance(piece, str) and not quoted and piece[:1].isspace() and made[-1]:
            made.append("")
        if parts:
            made[-1] += parts[0]
            made.extend(parts[1:])
    if made == [""] and not any_piece:
        return []
    braced = node.type in ("concatenation", "word", "brace_expression")
    return [word for item in made for word in (_choices(item) if braced else [item])]


def joined(node: Node | None, variables: Variables, substitute: Substitute) -> str:
    """Value of a node where words are not split: of an assignment, a test, a redirection."""
    if node is None:
        return ""
    pieces = _pieces(node, variables, substitute)
    return "".join(" ".join(piece) if isinstance(piece, list) else piece for piece, _ in pieces)


def body(node: Node, variables: Variables, substitute: Substitute) -> str:
    """Text of a here-document whose variables are filled in."""
    made = []
    for part in syntax.within(node):
        if isinstance(part, str):
            made.append(syntax.unescaped(part, "$`\\"))
        else:
            made.append(joined(part, variables, substitute))
    return "".join(made)


def _choices(word: str) -> list[str]:
    """``a{b,c}`` and ``{1..3}``."""
    match = _CHOICE.search(word)
    if match is None:
        return [word]
    inner = match.group(1)
    if "," in inner:
        options = inner.split(",")
    else:
        low, high = (int(bound) for bound in inner.split(".."))
        options = [str(number) for number in range(low, min(high, low + _MOST_FIELDS) + 1)]
    before, after = word[: match.start()], _choices(word[match.end() :])
    return [before + option + rest for option, rest in product(options, after)][:_MOST_FIELDS]


def _pieces(node: Node, variables: Variables, substitute: Substitute) -> Iterator[Piece]:
    kind = node.type
    if kind in ("concatenation", "command_name"):
        for child in node.children:
            yield from _pieces(child, variables, substitute)
    elif kind in ("string", "translated_string"):
        yield from _in_quotes(node, variables, substitute)
    elif kind == "raw_string":
        yield syntax.text(node)[1:-1], True
    elif kind == "ansi_c_string":
        inner = syntax.text(node)[2:-1]
        yield inner.replace("\\n", "\n").replace("\\t", "\t").replace("\\'", "'"), True
    elif kind == "simple_expansion":
        yield _plain(syntax.text(node)[1:], variables), False
    elif kind == "expansion":
        yield _braced(syntax.text(node), variables), False
    elif kind in syntax.EXPANSIONS:
        found = substitute(node)
        yield UNKNOWN if found is None else found, False
    else:
        yield re.sub(r"\\(.)", r"\1", syntax.text(node).replace("\\\n", ""), flags=re.DOTALL), True


def _in_quotes(node: Node, variables: Variables, substitute: Substitute) -> Iterator[Piece]:
    skip = 2 if node.type == "translated_string" else 1
    if node.type == "translated_string":
        node = node.named_children[0] if node.named_children else node
        skip = 1
    parts = [part for part in syntax.within(node, skip) if part]
    if not any(not isinstance(part, str) and _several(part) for part in parts):
        yield "", True
    for part in parts:
        if isinstance(part, str):
            yield syntax.unescaped(part, '$`"\\'), True
            continue
        for piece, _ in _pieces(part, variables, substitute):
            yield (piece if _several(part) else " ".join(piece) if isinstance(piece, list) else piece), True


def _several(node: Node) -> bool:
    """Whether an expansion gives several words inside quotes."""
    return syntax.text(node).strip("${}").endswith(("@", "@]"))


# -- variables ---------------------------------------------------------------------------------------------


def _plain(name: str, variables: Variables) -> str | list[str]:
    found = variables.get(name)
    return UNKNOWN if found is None else found


def filled(text: str, variables: Variables) -> str:
    """Text with the variables in it filled in: of a default, or of a line that is evaluated."""

    def fill(match: re.Match[str]) -> str:
        found = _plain(match.group(1), variables) if match.group(1) else _braced(match.group(0), variables)
        return " ".join(found) if isinstance(found, list) else found

    text = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
    return UNKNOWN if "$(" in text else _NAMED.sub(fill, text)


def _braced(text: str, variables: Variables) -> str | list[str]:
    match = _BRACED.match(text)
    if match is None:
        return UNKNOWN
    mark, name, index, operation = match.groups()
    if index is not None:
        value = _element(name, index, mark, variables)
    elif mark == "#":
        known = variables.get(name)
        value = str(len(known)) if isinstance(known, str) else None
    elif mark == "!":
        pointed = variables.get(name)
        value = variables.get(pointed) if isinstance(pointed, str) else None
    else:
        value = variables.get(name)
    return _operated(value, name, operation, variables)


def _element(name: str, index: str, mark: str | None, variables: Variables) -> str | list[str] | None:
    known = variables.arrays.get(name)
    if known is None:
        return variables.env.get(name)
    if mark == "#":
        return str(len(known))
    if index in ("@", "*"):
        return [str(i) for i in range(len(known))] if mark == "!" else known
    at = filled(index, variables)
    if not re.fullmatch(r"-?\d+", at):
        return None
    return known[int(at)] if -len(known) <= int(at) < len(known) else ""


def _operated(
    value: str | list[str] | None, name: str, operation: str, variables: Variables
) -> str | list[str]:
    default = re.match(r"^:?([-=+?])(.*)$", operation, re.DOTALL)
    if default:
        sign, text = default.groups()
        is_set = value is not None and value != []
        is_set = is_set and not (operation[0] == ":" and value == "")
        if sign == "+":
            return filled(text, variables) if is_set else ""
        if is_set and value is not None:
            return value
        other = UNKNOWN if sign == "?" else filled(text, variables)
        if sign == "=":
            variables.env[name] = other
        return other
    if value is None or not isinstance(value, str) or not operation:
        return UNKNOWN if value is None else value
    return _cut(value, operation)


def _cut(value: str, operation: str) -> str:
    """``${x%.py}``, ``${x##*/}``, ``${x/a/b}``, ``${x,,}``."""
    if operation in (",,", "^^"):
        return value.lower() if operation == ",," else value.upper()
    match = re.match(r"^(%%|%|##|#)(.*)$", operation)
    if match:
        sign, pattern = match.groups()
        shape = re.escape(pattern).replace(r"\*", ".*" if len(sign) == 2 else ".*?").replace(r"\?", ".")
        if sign[0] == "#":
            return re.sub("^" + shape, "", value, count=1)
        ends = [at for at in range(len(value)) if re.fullmatch(shape, value[at:])]
        return value[: ends[0] if len(sign) == 2 else ends[-1]] if ends else value
    match = re.match(r"^//?([^/]*)/(.*)$", operation)
    if match:
        return value.replace(match.group(1), match.group(2), -1 if operation.startswith("//") else 1)
    return UNKNOWN
