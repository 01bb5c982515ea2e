"""Whose turn it is when a client's budget does not reach for everybody. Pure.

The one with many small jobs must not use up the places of the one who decides: while the decision-maker has not been
asked, the last place of the budget is theirs, and nobody is asked again while somebody else waits for a first turn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """A contact of the client: their id, whether they decide, and (of the one who waits) when it is their turn."""

    contact_id: int
    decides: bool = False
    name: str = ""


@dataclass(frozen=True)
class Budget:
    """The client's places in the period: how many there are, and who (contact ids) got those that are gone."""

    places: int
    used: tuple[int, ...] = ()

    @property
    def free(self) -> int:
        return max(0, self.places - len(self.used))


def fair_turn(
    asking: Turn, budget: Budget, waiting: Sequence[Turn] = (), deciders: Sequence[Turn] = ()
) -> tuple[bool, str]:
    """Whether `asking` may take one of the free places, and why, in one sentence.

    `waiting`: the other contacts of the client with a survey waiting in the period. `deciders`: the client's
    decision-makers whom a survey can reach. A full budget is another rule's matter: nobody has a turn then.
    """
    asked = Counter(budget.used)
    keep = _kept_for_decider(asking, budget, asked, deciders)
    free = budget.free - (1 if keep is not None else 0)
    if keep is not None and not free:
        return False, f"The last place is kept for {keep.name or 'the decision-maker'}, who decides and was not asked."
    first = {turn.contact_id: turn for turn in waiting if asked[turn.contact_id] < asked[asking.contact_id]}
    needed = len(first) - (1 if keep is not None and any(turn.decides for turn in first.values()) else 0)
    if needed and free <= needed:
        names = ", ".join(sorted(turn.name or "somebody" for turn in first.values())[:3])
        return False, f"The places left go first to those who were asked less often: {names}."
    if free > 1 or (not deciders and not waiting):
        return True, "There are places left for everybody who waits."
    return True, "It is their turn: nobody who waits was asked less often."


def _kept_for_decider(asking: Turn, budget: Budget, asked: Counter[int], deciders: Sequence[Turn]) -> Turn | None:
    """For whom the last place is kept; None once a decision-maker was asked, and where one place is all there is."""
    if asking.decides or budget.places <= 1 or any(asked[turn.contact_id] for turn in deciders):
        return None
    return next(iter(deciders), None)
