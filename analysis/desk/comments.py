"""The list of comments: searched, filtered, a page at a time, and whole for a download."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from analysis.models import AnswerAnalysis, Correction
from analysis.reading.corrections import StandingReading, standing
from analysis.reading.readings import in_force, readings_of
from survey.db import json_list_holds
from survey.full_text import matches
from survey.models import Answer, Client, Resolution, SurveyResponse
from survey.paging import Page
from survey.spreadsheet import csv_line

PER_PAGE = 25
INTENT_FROM = 0.5
CSV_CHUNK = 500
CSV_COLUMNS = (
    "date",
    "client",
    "contact",
    "job",
    "csat",
    "nps",
    "comment",
    "sentiment",
    "score",
    "severity",
    "subjects",
    "intents",
    "unsure",
    "corrected by",
    "was",
    "model",
)


@dataclass(frozen=True, kw_only=True)
class CommentFilter:
    """Which comments to show; every empty field means "all". Days are the firm's, both included."""

    words: str = ""
    sentiment: str = ""
    aspect: str = ""
    mood: str = ""  # how an aspect (this one, or any) is spoken of: negative, neutral or positive
    intent: str = ""
    client: str = ""  # a part of the client's name
    since: date | None = None
    until: date | None = None
    only: str = ""  # "corrected" or "unsure"


@dataclass(frozen=True, kw_only=True)
class CommentRow:
    """One comment as the list shows it; `reading` is None until it was read for the first time."""

    answer: Answer
    client: Client
    reading: StandingReading | None

    @property
    def response(self) -> SurveyResponse:
        return self.answer.response

    @property
    def numbers(self) -> dict[str, int]:
        return {other.question: other.number for other in self.response.answers if other.number is not None}

    @property
    def intents(self) -> list[str]:
        """What they want, as far as the reading is at least half sure."""
        found = self.reading.intents if self.reading else {}
        return [name for name, sure in found.items() if float(sure) >= INTENT_FROM]


def comments(session: Session, wanted: CommentFilter, zone: tzinfo, number: int = 1) -> Page[CommentRow]:
    """One page of comments, the newest first."""
    found = _filtered(session, wanted, zone)
    total = session.scalar(found.with_only_columns(func.count(Answer.id))) or 0
    ids = session.scalars(_newest_first(found).limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return Page(_rows(session, ids), number, total, PER_PAGE)


def comment_count(session: Session) -> int:
    """How many comments there are at all."""
    return session.scalar(select(func.count(Answer.id)).where(_HAS_WORDS)) or 0


_HAS_WORDS = and_(Answer.text.is_not(None), Answer.text != "")


def _newest_first(found: Select[Any]) -> Select[Any]:
    return found.order_by(SurveyResponse.submitted_at.desc(), Answer.id.desc())


def _filtered(session: Session, wanted: CommentFilter, zone: tzinfo) -> Select[Any]:
    dialect = session.get_bind().dialect.name
    found = (
        select(Answer.id)
        .join(Answer.response)
        .outerjoin(AnswerAnalysis, and_(AnswerAnalysis.answer_id == Answer.id, in_force()))
        .outerjoin(Correction, and_(Correction.answer_id == Answer.id, corrects_reading()))
        .where(_HAS_WORDS, *_conditions(wanted, zone, dialect))
    )
    if wanted.client:
        found = found.join(Client, Client.id == SurveyResponse.client_id)
        found = found.where(Client.name.icontains(wanted.client, autoescape=True))
    return found


def corrects_reading() -> ColumnElement[bool]:
    """Whether a Correction stands on the AnswerAnalysis it is joined with (which is in force)."""
    later = aliased(Correction)
    newer = or_(later.at > Correction.at, and_(later.at == Correction.at, later.id > Correction.id))
    return and_(
        Correction.undone_at.is_(None),
        Correction.text_hash == AnswerAnalysis.text_hash,
        ~select(later.id)
        .where(
            later.answer_id == Correction.answer_id,
            later.undone_at.is_(None),
            later.text_hash == Correction.text_hash,
            newer,
        )
        .exists(),
    )


def _conditions(wanted: CommentFilter, zone: tzinfo, dialect: str) -> Iterator[ColumnElement[bool]]:
    if wanted.words:
        yield matches(Answer.id, Answer.text, wanted.words, dialect)
    if wanted.sentiment:
        yield func.coalesce(Correction.sentiment, AnswerAnalysis.sentiment) == wanted.sentiment
    if mention := {key: value for key, value in (("aspect", wanted.aspect), ("sentiment", wanted.mood)) if value}:
        read = and_(Correction.aspects.is_(None), json_list_holds(dialect, AnswerAnalysis.aspects, mention))
        yield or_(json_list_holds(dialect, Correction.aspects, mention), read)
    if wanted.intent:
        yield AnswerAnalysis.intents[wanted.intent].as_float() >= INTENT_FROM
    if wanted.since:
        yield SurveyResponse.submitted_at >= datetime.combine(wanted.since, time.min, zone)
    if wanted.until:
        yield SurveyResponse.submitted_at < datetime.combine(wanted.until + timedelta(days=1), time.min, zone)
    if wanted.only == "corrected":
        yield Correction.id.is_not(None)
    elif wanted.only == "unsure":
        yield and_(AnswerAnalysis.abstained != "", Correction.id.is_(None))


def _rows(session: Session, ids: Sequence[int]) -> list[CommentRow]:
    found = session.execute(
        select(Answer, Client)
        .join(Answer.response)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.id.in_(ids))
        .options(
            contains_eager(Answer.response).selectinload(SurveyResponse.answers),
            contains_eager(Answer.response).joinedload(SurveyResponse.contact),
            contains_eager(Answer.response).joinedload(SurveyResponse.resolution).joinedload(Resolution.job),
        )
    )
    by_id = {answer.id: (answer, client) for answer, client in found}
    readings = standing(session, readings_of(session, ids))
    return [
        CommentRow(answer=answer, client=client, reading=readings.get(answer.id))
        for answer, client in (by_id[answer_id] for answer_id in ids)
    ]


def as_csv(session: Session, wanted: CommentFilter, zone: tzinfo) -> Iterator[str]:
    """Every comment that fits, newest first, as the lines of a CSV file; a part of them at a time."""
    yield csv_line(CSV_COLUMNS)
    ids = session.scalars(_newest_first(_filtered(session, wanted, zone))).all()
    for start in range(0, len(ids), CSV_CHUNK):
        rows = _rows(session, ids[start : start + CSV_CHUNK])
        yield "".join(csv_line(_cells(row, zone)) for row in rows)


def _cells(row: CommentRow, zone: tzinfo) -> list[object]:
    reading, job, contact = row.reading, row.response.resolution.job, row.response.contact
    correction = reading.correction if reading else None
    by = (correction.user.display_name if correction.user else "somebody") if correction else ""
    return [
        f"{row.response.submitted_at.astimezone(zone):%Y-%m-%d}",
        row.client.name,
        contact.name or contact.email,
        job.summary or job.kind,
        row.numbers.get("csat", ""),
        row.numbers.get("nps", ""),
        row.answer.text or "",
        reading.sentiment if reading else "",
        f"{reading.score:.2f}" if reading else "",
        f"{reading.severity:.1f}" if reading else "",
        "; ".join(dict.fromkeys(f"{a['aspect']}: {a['sentiment']}" for a in reading.aspects)) if reading else "",
        "; ".join(row.intents),
        reading.abstained if reading else "",
        by,
        correction.said_sentiment if correction else "",
        reading.model if reading else "",
    ]
