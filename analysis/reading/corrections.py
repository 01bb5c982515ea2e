"""A person's word against a reading: recorded, taken back, and put in the reading's place wherever it is used.

A correction changes no model. It stands for one text: when the client changes the comment, it becomes history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.models import AnswerAnalysis, Correction
from analysis.reading.readings import text_hash
from analysis.text.analyser import SENTIMENTS
from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError
from survey.models import Answer, Client

NOTE_LENGTH = 2_000
MOODS = ("negative", "neutral", "positive")  # of one aspect
CLEAR_SCORE = 0.5  # a person's "negative" counts at least this much, whatever the model's score was
MIXED_SCORE = 0.3  # and their "mixed" at most this much either way

Mention = Mapping[str, Any]  # {"aspect", "sentiment", "start", "end"}


@dataclass(frozen=True)
class StandingReading:
    """A reading with the correction that is in force on it, if any: what the desk shows and the scoring uses."""

    said: AnswerAnalysis
    correction: Correction | None = None

    @property
    def sentiment(self) -> str:
        return (self.correction.sentiment if self.correction else None) or self.said.sentiment

    @property
    def score(self) -> float:
        """−1…1. The person's sentiment decides the sign; how strongly stays with the model where both agree."""
        word, score = self.correction.sentiment if self.correction else None, self.said.score
        if word == "negative":
            return min(score, -CLEAR_SCORE)
        if word == "positive":
            return max(score, CLEAR_SCORE)
        if word == "mixed":
            return max(-MIXED_SCORE, min(MIXED_SCORE, score))
        return 0.0 if word == "neutral" else score

    @property
    def aspects(self) -> list[dict[str, Any]]:
        corrected = self.correction.aspects if self.correction else None
        return self.said.aspects if corrected is None else corrected

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """The spans that speak for the sentiment in force: a person's "positive" leaves no span against the firm."""
        word = self.correction.sentiment if self.correction else None
        sign = {"negative": -1, "positive": 1, "neutral": 0}.get(word or "")
        return self.said.evidence if sign is None else [s for s in self.said.evidence if float(s["weight"]) * sign > 0]

    @property
    def severity(self) -> float:
        """0…1; nothing went wrong where a person says that the comment is not negative."""
        word = self.correction.sentiment if self.correction else None
        return 0.0 if word in {"positive", "neutral"} else self.said.severity

    @property
    def abstained(self) -> str:
        """Why the reading is unsure; a person who looked at it is sure."""
        return "" if self.correction else self.said.abstained

    @property
    def answer_id(self) -> int:
        return self.said.answer_id

    @property
    def intents(self) -> dict[str, Any]:
        return self.said.intents

    @property
    def sentences(self) -> list[dict[str, Any]]:
        return self.said.sentences

    @property
    def language(self) -> str:
        return self.said.language

    @property
    def model(self) -> str:
        return self.said.model


def standing(session: Session, readings: Mapping[int, AnswerAnalysis]) -> dict[int, StandingReading]:
    """These readings in force, by answer id, each with the correction that stands on it."""
    latest = corrections(session, {answer_id: said.text_hash for answer_id, said in readings.items()})
    return {answer_id: StandingReading(said, latest.get(answer_id)) for answer_id, said in readings.items()}


def corrections(session: Session, hashes: Mapping[int, str]) -> dict[int, Correction]:
    """The corrections that stand, by answer id: of each answer the latest which nobody took back and which was made on
    the words of this hash, which are those that the reading read."""
    found = session.scalars(
        select(Correction)
        .where(Correction.answer_id.in_(hashes), Correction.undone_at.is_(None))
        .options(joinedload(Correction.user))
        .order_by(Correction.at, Correction.id)
    )
    return {row.answer_id: row for row in found if row.text_hash == hashes[row.answer_id]}


def correct(
    session: Session,
    answer: Answer,
    analysis: AnswerAnalysis,
    *,
    sentiment: str,
    aspects: Sequence[Mention],
    note: str = "",
    user_id: int | None,
    now: datetime,
) -> Correction:
    """Record how a comment should have been read: its whole sentiment and all its aspects.

    What is as `analysis` says is kept as "was right" (None). An aspect that a person added has no place in the text:
    start and end are 0.

    Raises:
        InvalidInputError: no such sentiment or mood, a note that is too long, or nothing is changed.
        ConflictError: `analysis` read another text than the comment has now, or another answer.
    """
    _check(sentiment, aspects, note)
    if analysis.answer_id != answer.id or analysis.text_hash != text_hash(answer.text or ""):
        raise ConflictError("The comment was changed meanwhile. Please look at its new words first.")
    before = standing(session, {answer.id: analysis})[answer.id]
    wanted = [_mention(aspect) for aspect in aspects]
    if sentiment == before.sentiment and _same(wanted, before.aspects):
        raise InvalidInputError("Nothing was changed: choose what is wrong first.")
    correction = Correction(
        answer_id=answer.id,
        analysis_id=analysis.id,
        model=analysis.model,
        text_hash=analysis.text_hash,
        said_sentiment=analysis.sentiment,
        sentiment=None if sentiment == analysis.sentiment else sentiment,
        said_aspects=analysis.aspects,
        aspects=None if _same(wanted, analysis.aspects) else wanted,
        note=note.strip(),
        user_id=user_id,
        at=now,
    )
    session.add(correction)
    _rescore(session, analysis.client_id)
    session.flush()
    return correction


def undo_correction(session: Session, correction: Correction, now: datetime) -> None:
    """Take a correction back: what stood before it stands again.

    Raises:
        ConflictError: it was taken back already.
    """
    session.refresh(correction, with_for_update={"of": Correction})
    if correction.undone_at is not None:
        raise ConflictError("This correction was taken back already.")
    correction.undone_at = now
    _rescore(session, correction.answer.response.client_id)
    session.flush()


def reading_by_id(session: Session, reading_id: int) -> AnswerAnalysis:
    """The reading. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, AnswerAnalysis, reading_id, "There is no such comment any more.")


def correction_by_id(session: Session, correction_id: int) -> Correction:
    """The correction. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, Correction, correction_id, "There is no such correction.")


def _check(sentiment: str, aspects: Sequence[Mention], note: str) -> None:
    if sentiment not in SENTIMENTS:
        raise InvalidInputError("Please choose how the comment should have been read.", "sentiment")
    if any(aspect["sentiment"] not in MOODS for aspect in aspects):
        raise InvalidInputError("A subject is spoken of well, badly or neither.", "aspects")
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"Please keep the note under {NOTE_LENGTH:,} characters.", "note")


def _mention(aspect: Mention) -> dict[str, Any]:
    return {
        "aspect": str(aspect["aspect"]),
        "sentiment": str(aspect["sentiment"]),
        "start": int(aspect["start"]),
        "end": int(aspect["end"]),
    }


def _same(one: Sequence[Mention], other: Sequence[Mention]) -> bool:
    return [_mention(aspect) for aspect in one] == [_mention(aspect) for aspect in other]


def _rescore(session: Session, client_id: int) -> None:
    session.get_one(Client, client_id).add_evidence()
