"""The firm's own subjects tried on recent comments, so that a manager sees what an example finds before relying on it.

A trial is kept as {"read", "found", "mentions": [{"answer_id", "text_hash", "start", "end", "strength"}]} or, when the
examples are of no use, {"problem"}. It holds places, not words: what a client takes back is gone here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, OwnAspect
from analysis.reading.analysers import Embedder, own_aspects
from analysis.reading.readings import in_force as reading_in_force
from analysis.reading.readings import text_hash
from analysis.text.passages import clauses, sentences
from survey.errors import InvalidInputError
from survey.models import Answer, Client, SurveyResponse

RECENT = 200  # comments
SHOWN = 8  # of those found, the surest
LONGEST = 2_000  # characters of a comment that a trial looks at
_READ_IN = ("en", "unknown", "")  # own subjects are known by English sentences


@dataclass(frozen=True)
class Untried:
    """A subject that waits for its trial, as plain values: nothing is open while a model works."""

    subject_id: int
    key: str
    examples: tuple[str, ...]
    updated_at: datetime


def untried(session: Session) -> Untried | None:
    """The subject that has waited longest for a trial."""
    row = session.scalar(
        select(OwnAspect)
        .where(OwnAspect.archived_at.is_(None), OwnAspect.tried_at.is_(None))
        .order_by(OwnAspect.updated_at, OwnAspect.id)
        .limit(1)
    )
    return None if row is None else Untried(row.id, row.key, tuple(row.examples), row.updated_at)


def recent_comments(session: Session) -> list[tuple[int, str]]:
    """(answer id, text) of the last RECENT comments that were read, the newest first, internal clients left out."""
    rows = session.execute(
        select(Answer.id, Answer.text)
        .join(AnswerAnalysis, AnswerAnalysis.answer_id == Answer.id)
        .join(Answer.response)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(
            Answer.text.is_not(None),
            Answer.text != "",
            reading_in_force(),
            AnswerAnalysis.language.in_(_READ_IN),
            Client.internal.is_(False),
        )
        .order_by(Answer.answered_at.desc(), Answer.id.desc())
        .limit(RECENT)
    )
    return [(answer_id, text or "") for answer_id, text in rows]


def tried(wanted: Untried, embedder: Embedder, comments: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """The trial of one subject on these comments; writes nothing."""
    try:
        own = own_aspects(embedder, ((wanted.key, wanted.examples),))
    except InvalidInputError as error:
        return {"problem": str(error)}
    places = [
        (number, start, end)
        for number, (_, text) in enumerate(comments)
        for start, end in clauses(text[:LONGEST], sentences(text[:LONGEST]))
    ]
    found = own.mentions([comments[number][1][start:end] for number, start, end in places])
    best: dict[int, dict[str, Any]] = {}
    for (number, start, end), mentioned in zip(places, found, strict=True):
        strength = max((sure for _, sure in mentioned), default=0.0)
        if strength > best.get(number, {"strength": 0.0})["strength"]:
            answer_id, text = comments[number]
            best[number] = {
                "answer_id": answer_id,
                "text_hash": text_hash(text),
                "start": start,
                "end": end,
                "strength": strength,
            }
    surest = sorted(best.values(), key=lambda mention: -float(mention["strength"]))
    return {"read": len(comments), "found": len(best), "mentions": surest[:SHOWN]}


def keep_trial(session: Session, wanted: Untried, trial: dict[str, Any], now: datetime) -> bool:
    """Keep what was found, unless the subject was changed meanwhile; returns whether it was kept."""
    row = session.get(OwnAspect, wanted.subject_id, with_for_update=True, populate_existing=True)
    if row is None or row.updated_at != wanted.updated_at:
        return False
    row.trial, row.tried_at = trial, now
    session.flush()
    return True
