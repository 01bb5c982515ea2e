"""Readings of answers: which one is in force, said once for everybody; and how new ones are stored.

Every version's readings are kept, for they are why a flag was raised. In force is the newest of the present text.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from analysis.models import AnswerAnalysis
from analysis.text.analyser import Comment, Reading
from survey.models import Answer, Client, SurveyResponse
from survey.questionnaire import comment_prompt
from survey.questionnaires.logic import rating

_LEAST_STEP = timedelta(microseconds=1)


@dataclass(frozen=True)
class Words:
    """What one answer says, as plain values: models read it while no transaction is open."""

    answer_id: int
    client_id: int
    text_hash: str
    comment: Comment


def text_hash(text: str) -> str:
    """What names one wording of an answer, in 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def in_force() -> ColumnElement[bool]:
    """Whether an AnswerAnalysis is the one to go by, of all readings of the Answer it is joined with.

    It is the newest (`analysed_at`, then `id`), and of the present text: `answered_at` moves when an answer changes,
    and a reading is dated no earlier than the answer it read.
    """
    other = aliased(AnswerAnalysis)
    newer = or_(
        other.analysed_at > AnswerAnalysis.analysed_at,
        and_(other.analysed_at == AnswerAnalysis.analysed_at, other.id > AnswerAnalysis.id),
    )
    return and_(
        AnswerAnalysis.analysed_at >= Answer.answered_at,
        ~exists().where(other.answer_id == AnswerAnalysis.answer_id, newer),
    )


def unread() -> ColumnElement[bool]:
    """Whether an Answer has words that no version has read as they are now."""
    read = exists().where(AnswerAnalysis.answer_id == Answer.id, AnswerAnalysis.analysed_at >= Answer.answered_at)
    return and_(Answer.text.is_not(None), Answer.text != "", ~read)


def readings_of(session: Session, answer_ids: Sequence[int]) -> dict[int, AnswerAnalysis]:
    """The reading in force of each of these answers, by answer id; an answer that waits to be read has none."""
    found = session.scalars(
        select(AnswerAnalysis)
        .join(Answer, Answer.id == AnswerAnalysis.answer_id)
        .where(AnswerAnalysis.answer_id.in_(answer_ids), in_force())
    )
    return {reading.answer_id: reading for reading in found}


def words_of(session: Session, answers: Select[Answer]) -> list[Words]:
    """What these answers say, with what was asked and rated beside it."""
    whole = answers.options(joinedload(Answer.response, innerjoin=True).selectinload(SurveyResponse.answers))
    return [
        Words(answer.id, answer.response.client_id, text_hash(answer.text or ""), _comment(answer))
        for answer in session.scalars(whole)
    ]


def _comment(answer: Answer) -> Comment:
    numbers: dict[str, int | str] = {a.question: a.number for a in answer.response.answers if a.number is not None}
    csat = numbers.get("csat")
    rated = rating(numbers)
    return Comment(
        text=answer.text or "",
        question=comment_prompt(csat if isinstance(csat, int) else None),
        rating=None if rated is None else float(rated),
    )


def waiting(session: Session, limit: int) -> list[Words]:
    """Up to `limit` answers that nobody has read; what was said just now first, imported history after."""
    return words_of(session, select(Answer).where(unread()).order_by(Answer.answered_at.desc(), Answer.id).limit(limit))


def confirm_known(session: Session, words: Sequence[Words], now: datetime) -> set[int]:
    """Put readings in force again whose text was confirmed anew, unchanged; returns these answers' ids."""
    wordings = {(item.answer_id, item.text_hash) for item in words}
    known = {
        reading.answer_id: reading
        for reading in session.scalars(_readings_for(words))
        if (reading.answer_id, reading.text_hash) in wordings
    }
    for answer in _locked(session, list(known)):
        if (answer.id, text_hash(answer.text or "")) in wordings:
            known[answer.id].analysed_at = max(now, answer.answered_at)
    session.flush()
    return set(known)


def store(
    session: Session, model: str, read: Sequence[tuple[Words, Reading]], now: datetime, *, again: bool = False
) -> set[int]:
    """Put what `model` read in force; returns the ids of the clients whose evidence changed.

    An answer that changed meanwhile is left for the next time, as is one that has a reading in force by now; with
    `again`, only one that this model has read already. Nothing is read twice: a reading of the same words by the same
    model is put in force again. The caller tells the clients.
    """
    earlier: dict[int, list[AnswerAnalysis]] = {}
    locked = {answer.id: answer for answer in _locked(session, [words.answer_id for words, _ in read])}
    for kept in session.scalars(_readings_for([words for words, _ in read])):
        earlier.setdefault(kept.answer_id, []).append(kept)
    touched: set[int] = set()
    for words, reading in read:
        answer, before = locked.get(words.answer_id), earlier.get(words.answer_id, [])
        if answer is None or text_hash(answer.text or "") != words.text_hash:
            continue
        current = before[-1] if before and before[-1].analysed_at >= answer.answered_at else None
        if current is not None and (current.model == model or not again):
            continue
        at = max(now, answer.answered_at, current.analysed_at + _LEAST_STEP if current else now)
        same = [kept for kept in before if kept.model == model and kept.text_hash == words.text_hash]
        if same:
            same[0].analysed_at = at
        else:
            session.add(as_row(words, reading, model, at))
        touched.add(words.client_id)
    session.flush()
    return touched


def _locked(session: Session, answer_ids: Sequence[int]) -> Sequence[Answer]:
    return session.scalars(
        select(Answer)
        .where(Answer.id.in_(answer_ids))
        .order_by(Answer.id)
        .with_for_update(of=Answer)
        .execution_options(populate_existing=True)
    ).all()


def _readings_for(words: Sequence[Words]) -> Select[AnswerAnalysis]:
    """Every reading of these answers, the newest last."""
    ids = [item.answer_id for item in words]
    return (
        select(AnswerAnalysis)
        .where(AnswerAnalysis.answer_id.in_(ids))
        .order_by(AnswerAnalysis.analysed_at, AnswerAnalysis.id)
    )


def as_row(words: Words, reading: Reading, model: str, at: datetime) -> AnswerAnalysis:
    """A reading as it is kept. `model` is the analyser's version: a cascade's parts do not show."""
    document = reading.as_dict()
    return AnswerAnalysis(
        answer_id=words.answer_id,
        client_id=words.client_id,
        model=model,
        text_hash=words.text_hash,
        language=reading.language,
        sentiment=reading.sentiment,
        score=reading.score,
        probabilities=document["probabilities"],
        aspects=document["aspects"],
        intents=document["intents"],
        evidence=document["evidence"],
        sentences=document["sentences"],
        severity=reading.severity,
        abstained=reading.abstained,
        analysed_at=at,
    )


def tell_clients(session: Session, client_ids: set[int]) -> None:
    """Have these clients scored again."""
    for client in session.scalars(select(Client).where(Client.id.in_(client_ids)).order_by(Client.id)):
        client.add_evidence()
    session.flush()
