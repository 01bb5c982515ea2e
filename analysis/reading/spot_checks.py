"""Comments drawn at random for a person to judge, who does not see how they were read.

This is the only sample from which anything is said or learnt about all comments. Corrections are none: people correct
what looks wrong, so corrected comments are mostly misread ones, and those that nobody touched were mostly not looked
at. Drawn are as many of each verdict as there can be, for negative comments are few; every check therefore keeps the
share of its verdict among all comments, and is weighted by it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, SpotCheck
from analysis.reading.readings import in_force, readings_of, text_hash
from analysis.text.analyser import SENTIMENTS
from analysis.text.recalibration import base_of
from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError
from survey.models import Answer, Client

AT_ONCE = 20
UNCLEAR = "unclear"
LABELS = (*SENTIMENTS, UNCLEAR)
ENGLISH = ("en", "unknown")  # other languages are read in beta, by another model


@dataclass(frozen=True)
class Judged:
    """A comment with a person's word on it, how it is read now, and how many comments it stands for."""

    check: SpotCheck
    label: str  # one of SENTIMENTS
    reading: AnswerAnalysis
    weight: float


def base_in_force(session: Session) -> str:
    """The version that reads now, as far as the rows tell: that of the newest reading; "" before the first."""
    newest = select(AnswerAnalysis.model).order_by(AnswerAnalysis.analysed_at.desc(), AnswerAnalysis.id.desc()).limit(1)
    return base_of(session.scalar(newest) or "")


def read_by(base: str) -> ColumnElement[bool]:
    """Whether an AnswerAnalysis is by this version, with or without what the firm has taught it."""
    return or_(AnswerAnalysis.model == base, AnswerAnalysis.model.startswith(f"{base}+", autoescape=True))


def fair_readings(base: str) -> Select[AnswerAnalysis]:
    """The readings in force that are a sentiment's: English words of clients, read by this version."""
    return (
        select(AnswerAnalysis)
        .join(Answer, Answer.id == AnswerAnalysis.answer_id)
        .join(Client, Client.id == AnswerAnalysis.client_id)
        .where(in_force(), read_by(base), Client.internal.is_(False), Answer.text.is_not(None))
        .where(AnswerAnalysis.language.in_(ENGLISH), AnswerAnalysis.abstained.in_(("", "unsure")))
    )


def draw(session: Session, now: datetime, size: int = AT_ONCE) -> int:
    """Draw comments that nobody was asked about; returns how many. None are while some still wait to be judged."""
    if open_checks(session):
        return 0
    fair = fair_readings(base_in_force(session))
    said = fair.with_only_columns(AnswerAnalysis.sentiment, func.count()).group_by(AnswerAnalysis.sentiment)
    counts = {str(sentiment): int(count) for sentiment, count in session.execute(said)}
    known = exists().where(
        SpotCheck.answer_id == AnswerAnalysis.answer_id, SpotCheck.text_hash == AnswerAnalysis.text_hash
    )
    fresh = fair.where(~known)
    left = fresh.with_only_columns(AnswerAnalysis.sentiment, func.count()).group_by(AnswerAnalysis.sentiment)
    wanted = allotted({str(sentiment): int(count) for sentiment, count in session.execute(left)}, size)
    drawn: list[AnswerAnalysis] = []
    for sentiment, count in wanted.items():
        some = fresh.where(AnswerAnalysis.sentiment == sentiment).order_by(func.random()).limit(count)
        drawn += session.scalars(some)
    session.add_all(
        SpotCheck(
            answer_id=reading.answer_id,
            text_hash=reading.text_hash,
            model=reading.model,
            said=reading.sentiment,
            share=counts[reading.sentiment] / sum(counts.values()),
            drawn_at=now,
        )
        for reading in sorted(drawn, key=lambda reading: reading.text_hash)  # an order that tells nothing
    )
    session.flush()
    return len(drawn)


def allotted(there: Mapping[str, int], size: int) -> dict[str, int]:
    """How many of each kind to take: as equal as can be, together `size` if there are so many."""
    taken = dict.fromkeys(sorted(there), 0)
    while sum(taken.values()) < size:
        able = [kind for kind in taken if taken[kind] < there[kind]]
        if not able:
            break
        taken[min(able, key=lambda kind: taken[kind])] += 1
    return taken


def open_checks(session: Session) -> list[SpotCheck]:
    """The drawn comments that wait to be judged. One that its client has changed meanwhile is passed over."""
    waiting = session.execute(
        select(SpotCheck, Answer.text)
        .join(Answer, Answer.id == SpotCheck.answer_id)
        .where(SpotCheck.label.is_(None))
        .order_by(SpotCheck.id)
    )
    return [check for check, text in waiting if text_hash(text or "") == check.text_hash]


def check_by_id(session: Session, check_id: int) -> SpotCheck:
    """The check, locked in a transaction that writes. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, SpotCheck, check_id, "There is no such comment to check.", lock=True)


def judge(session: Session, check: SpotCheck, label: str, user_id: int | None, now: datetime) -> None:
    """Keep what a person says a comment is. It corrects nothing by itself.

    Raises:
        InvalidInputError: no such label.
        ConflictError: somebody was faster, or the client has changed the comment.
    """
    if label not in LABELS:
        raise InvalidInputError("Please choose what the comment is.", "label")
    if check.label is not None:
        raise ConflictError("Somebody has judged this comment already.")
    if check.text_hash != text_hash(check.answer.text or ""):
        raise ConflictError("The client has changed this comment meanwhile. Here is the next one.")
    check.label, check.user_id, check.at = label, user_id, now
    session.flush()


def take_back(session: Session, check: SpotCheck) -> None:
    """Put a comment back among those that wait.

    Raises:
        ConflictError: it waits already.
    """
    if check.label is None:
        raise ConflictError("This was taken back already.")
    check.label, check.user_id, check.at = None, None, None
    session.flush()


def judged(session: Session, base: str) -> list[Judged]:
    """The judged comments that `base` has read as they are now, the newest judgement first.

    The weight of a check is the share of its verdict among all comments when it was drawn, divided among the checks
    drawn of that verdict (a stratified sample: Cochran 1977, "Sampling Techniques", 5.3); weights have mean 1.
    """
    checks = session.scalars(
        select(SpotCheck).where(SpotCheck.label.in_(SENTIMENTS)).order_by(SpotCheck.at.desc(), SpotCheck.id.desc())
    ).all()
    readings = readings_of(session, [check.answer_id for check in checks])
    found = [
        (check, reading)
        for check in checks
        if (reading := readings.get(check.answer_id)) is not None
        and reading.text_hash == check.text_hash
        and base_of(reading.model) == base
    ]
    weights = _weights([check for check, _ in found])
    return [
        Judged(check, check.label or "", reading, weight)
        for (check, reading), weight in zip(found, weights, strict=True)
    ]


def _weights(checks: Sequence[SpotCheck]) -> list[float]:
    drawn = [(base_of(check.model), check.said) for check in checks]  # one version's verdicts are not another's
    of_kind, of_base = Counter(drawn), Counter(base for base, _ in drawn)
    shares = [check.share / of_kind[kind] * of_base[kind[0]] for check, kind in zip(checks, drawn, strict=True)]
    return [share * len(shares) / sum(shares) for share in shares]


def counts(session: Session) -> dict[str, int]:
    """How many comments were given each label, those that nobody could judge too."""
    by_label: Any = select(SpotCheck.label, func.count()).where(SpotCheck.label.is_not(None)).group_by(SpotCheck.label)
    found = {str(label): int(count) for label, count in session.execute(by_label)}
    return {label: found.get(label, 0) for label in LABELS}
