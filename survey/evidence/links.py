"""What all visits to one link amount to: who was there, which pages were shown, the rating only clicked. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from survey.evidence.visits import OPENED, Kind, Visit, judge

SHOWN, PRESSED = "shown", "pressed"


@dataclass(frozen=True)
class Click:
    """A rating chosen in the email by what looks like a person: the only one, or they have not chosen."""

    question: str
    value: int
    at: datetime


@dataclass(frozen=True)
class Found:
    """`by_person`: whether any visit may be a person's. A press that was not taken for a person's is none."""

    by_person: bool
    pages: tuple[str, ...]  # in the order of the alphabet
    click: Click | None


def on_link(visits: Sequence[Visit], sent: Iterable[datetime | None] = ()) -> Found:
    """The verdict on one link. `sent`: when its emails were sent or arrived, for visits that do not say when."""
    verdicts = judge(visits, sent)
    judged = list(zip(visits, verdicts, strict=True))
    pages = {str(page) for visit in visits if visit.kind == SHOWN and (page := visit.details.get("page"))}
    return Found(
        by_person=any(verdict.kind is not Kind.MACHINE for visit, verdict in judged if visit.kind != PRESSED),
        pages=tuple(sorted(pages)),
        click=_click([visit for visit, verdict in judged if verdict.kind is Kind.PERSON]),
    )


def _click(persons: Iterable[Visit]) -> Click | None:
    chosen = {visit.offered: visit.at for visit in persons if visit.kind == OPENED and visit.offered}
    if len(chosen) != 1:
        return None
    [(offered, at)] = chosen.items()
    if len(offered) != 1:
        return None
    [(question, value)] = offered
    return Click(question, value, at)
