"""A household game in text: find an object and put it into its goal.

Needs only the standard library, so that an agent gets this file as ``data/household.py``. The commands and
the rules are those of ALFWorld (Shridhar et al. 2021) for its task "pick and place"; the answers are shorter,
and there is one object and one receptacle of each type.

    episode = Episode(game)
    print(episode.reset())
    while not episode.ended:
        print(episode.step(expert(episode)))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OPENABLE = ("drawer 1", "cabinet 1", "fridge 1", "safe 1")
RECEPTACLES = ("desk 1", "shelf 1", "bed 1", "sofa 1", *OPENABLE)
OBJECTS = ("pencil 1", "book 1", "mug 1", "apple 1", "cd 1", "vase 1", "plate 1", "watch 1")
VERBS = ("go to", "open", "close", "take", "from", "move", "to", "look", "inventory", "examine")
ANSWERS = (
    *("you see", "you face", "you carry", "it is closed", "put", "in"),
    *("nothing", "nothing special", "nothing happens"),
)
PHRASES = (*VERBS, *ANSWERS, *RECEPTACLES, *OBJECTS)
"""All that is ever said, punctuation aside; each is one token of the base model."""
MAX_STEPS = 12
"""Commands an episode may have. The expert never needs more than 11."""
REFUSED = "nothing happens."
"""Answer to a command that is not understood or not possible now; it counts as a step."""


@dataclass(frozen=True)
class Game:
    """A household and a task in it; ``Game(**json.loads(line))`` reads a line of ``games.jsonl``."""

    receptacles: Sequence[str]
    """In the order in which they are listed."""
    places: Mapping[str, str]
    """Object -> receptacle that it is in at first."""
    target: str
    goal: str
    """Receptacle into which ``target`` has to be put; it is not there at first."""

    @property
    def content(self) -> str:
        """What makes two games the same one: everything but the order of listing."""
        return f"{sorted(self.places.items())} {sorted(self.receptacles)} {self.target} {self.goal}"


@dataclass
class Episode:
    """One play of a game. Call ``reset`` first, then ``step`` until ``ended``."""

    game: Game
    max_steps: int = MAX_STEPS
    places: dict[str, str] = field(init=False)
    """Object -> receptacle; an object that is carried has none."""
    opened: set[str] = field(init=False)
    seen: set[str] = field(init=False)
    """Receptacles whose content has been seen."""
    at: str | None = field(init=False)
    """Receptacle that the player stands at; at first the middle of the room."""
    carried: str | None = field(init=False)
    steps: int = field(init=False)
    refused: int = field(init=False)
    """Commands that were answered by "nothing happens"."""

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> str:
        """Start anew; returns the first observation, which names the receptacles and the task."""
        self.places = dict(self.game.places)
        self.opened, self.seen = set(), set()
        self.at = self.carried = None
        self.steps = self.refused = 0
        listed = ", ".join(self.game.receptacles)
        return f"you see {listed}. put {self.game.target} in {self.game.goal}."

    @property
    def won(self) -> bool:
        """Whether the target is in its goal."""
        return self.places.get(self.game.target) == self.game.goal

    @property
    def ended(self) -> bool:
        """Won, or out of steps."""
        return self.won or self.steps >= self.max_steps

    def step(self, command: str) -> str:
        """Carry out a command and return the observation.

        Raises ``RuntimeError`` when the episode has ended.
        """
        if self.ended:
            raise RuntimeError("the episode has ended; call reset() to play again")
        self.steps += 1
        answer = self._answer(command)
        self.refused += answer is None
        return answer or REFUSED

    def admissible(self) -> list[str]:
        """Every command that is not refused now."""
        elsewhere = [place for place in self.game.receptacles if place != self.at]
        commands = ["look", "inventory", *(f"go to {place}" for place in elsewhere)]
        if self.at is not None:
            inside = self._inside(self.at) if self.is_open(self.at) else []
            commands.append(f"examine {self.at}")
            if self.at in OPENABLE:
                commands.append(f"{'close' if self.is_open(self.at) else 'open'} {self.at}")
            if self.carried is None:
                commands += [f"take {name} from {self.at}" for name in inside]
            elif self.is_open(self.at):
                commands.append(f"move {self.carried} to {self.at}")
        if self.carried is not None:
            commands.append(f"examine {self.carried}")
        return commands

    def _answer(self, command: str) -> str | None:
        """Do what an admissible command says; None refuses it."""
        if command not in self.admissible():
            return None
        verb = next(verb for verb in VERBS if command.startswith(verb))
        names = command.removeprefix(verb).strip()
        match verb:
            case "go to":
                self.at = names
                return self._content(names)
            case "open":
                self.opened.add(names)
                return self._content(names)
            case "close":
                self.opened.remove(names)
                return self._content(names)
            case "take":
                self.carried = names.split(" from ")[0]
                del self.places[self.carried]
                return self._inventory()
            case "move":
                name, place = names.split(" to ")
                self.places[name] = place
                self.carried = None
                return self._inventory()
            case "examine":
                return self._content(names) if names in RECEPTACLES else "nothing special."
            case "inventory":
                return self._inventory()
            case _:
                return f"you face {self.at}." if self.at else "you see nothing."  # as ALFWorld's engine

    def _inventory(self) -> str:
        return f"you carry {self.carried or 'nothing'}."

    def _content(self, place: str) -> str:
        if not self.is_open(place):
            return "it is closed."
        self.seen.add(place)
        return f"you see {', '.join(self._inside(place)) or 'nothing'}."

    def is_open(self, place: str) -> bool:
        """Whether one can see and reach what is in it; what cannot be opened is always open."""
        return place not in OPENABLE or place in self.opened

    def _inside(self, place: str) -> list[str]:
        return [name for name in self.game.places if self.places.get(name) == place]


def expert(episode: Episode) -> str:
    """The next command of a player who searches the receptacles in the listed order, then delivers.

    It knows no more than what was observed: it never looks into what it has not opened.
    """
    target, at = episode.game.target, episode.at
    if at is not None and episode.carried not in (None, target):  # somebody else picked up the wrong thing
        return f"move {episode.carried} to {at}" if episode.is_open(at) else f"open {at}"
    place = episode.game.goal if episode.carried else _next_place(episode)
    if at != place:
        return f"go to {place}"
    if not episode.is_open(place):
        return f"open {place}"
    return f"move {target} to {place}" if episode.carried else f"take {target} from {place}"


def _next_place(episode: Episode) -> str:
    """Where the target was seen, or else the first receptacle whose content was not."""
    place = episode.places[episode.game.target]
    if place in episode.seen:
        return place
    return next(name for name in episode.game.receptacles if name not in episode.seen)
