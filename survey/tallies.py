"""What one response adds to the figures, as text kept beside it, so that counting reads no answers. Pure.

A token for each answer: `csat=5`; `comment=` for words; `about.3=1` for a ticked option, and `about.*=` once for
ticking any; `+greeted=1` for a step of the promise, and `+=` once for any. `!` before it: for managers only.

The answers are one line and the steps another: many responses have the same lines, which are then read once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

SEPARATOR = "\n"  # between lines
_BETWEEN = "\t"  # tokens
_STEP, _MANAGERS, _ANY = "+", "!", ".*"
ANY_STEP = f"{_STEP}="


@dataclass(frozen=True)
class Tallied:
    """A token read. `name` is a question's, `key.value` an option's, or a step's, "" for any step."""

    name: str
    number: int | None
    is_step: bool
    managers_only: bool

    @property
    def key(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_any(self) -> bool:
        """Whether it says that anything was ticked, or any step told."""
        return self.name.endswith(_ANY) or (self.is_step and not self.name)


def tally_of(answers: Iterable[tuple[str, int | None, bool]], steps: Iterable[tuple[str, int]]) -> str:
    """The tally of a response, of answers (question, number or None for words, for managers only) and (step, value).

    The same answers give the same tally, in whatever order they come.
    """
    tokens, told = set(), set()
    for name, number, managers_only in answers:
        before = _MANAGERS if managers_only else ""
        tokens.add(f"{before}{name}={'' if number is None else number}")
        key, dot, _option = name.partition(".")
        if dot:
            tokens.add(f"{before}{key}{_ANY}=")
    for step, value in steps:
        told |= {f"{_STEP}{step}={value}", ANY_STEP}
    return SEPARATOR.join(_BETWEEN.join(sorted(line)) for line in (tokens, told) if line)


def counted(tallies: str) -> dict[Tallied, int]:
    """What the tallies of many responses, with SEPARATOR between them, add up to."""
    lines = Counter(tallies.split(SEPARATOR))
    tokens = Counter(_BETWEEN.join(line for line, count in lines.items() if count == 1).split(_BETWEEN))
    for line, count in lines.items():
        if count > 1:
            for token in line.split(_BETWEEN):
                tokens[token] += count
    return {read(token): count for token, count in tokens.items() if token}


@lru_cache(maxsize=4_096)
def read(token: str) -> Tallied:
    """One token."""
    managers_only = token.startswith(_MANAGERS)
    name, _, number = token.removeprefix(_MANAGERS).rpartition("=")
    is_step = name.startswith(_STEP)
    return Tallied(name.removeprefix(_STEP), int(number) if number else None, is_step, managers_only)
