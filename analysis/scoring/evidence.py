"""Loads what is known about many clients at once, as the plain values that the rules read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, Correction, FollowUpKind, OutcomeResult
from analysis.reading.corrections import StandingReading, corrections
from analysis.reading.subjects import own_names
from analysis.relationships.asks import SETTLES, imported_asks
from analysis.relationships.evidence import (
    Ask,
    Evidence,
    JobDone,
    Person,
    Promise,
    Reading,
    Response,
    Settlement,
    Told,
)
from analysis.scoring import evidence_queries as queries
from analysis.scoring.referrals import referral_dates
from analysis.scoring.silences import fates
from survey.asking.schedule import zone_for
from survey.config import ReadingMode
from survey.models import (
    Firm,
    InvitationState,
    UpdateStage,
)

READ_ONCE = f"{ReadingMode.FAST.value}-"  # how the name of a model that reads once begins


@dataclass
class _Gathered:
    jobs: list[JobDone] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    contacted: list[datetime] = field(default_factory=list)
    referred: list[datetime] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    interests: tuple[str, ...] = ()


def load_evidence(session: Session, firm: Firm, client_ids: Sequence[int], now: datetime) -> dict[int, Evidence]:
    """What was known about these clients at `now`, by client id. Thirteen queries, however many clients."""
    gathered: dict[int, _Gathered] = {client_id: _Gathered() for client_id in client_ids}
    _load_jobs(session, gathered, now)
    _load_responses(session, gathered, now)
    _load_asks(session, gathered, now)
    _load_people(session, gathered, now)
    _load_follow_ups(session, gathered, now)
    _load_told(session, gathered, firm, now)
    own = own_names(session)
    steps = {str(step["key"]): str(step["text"]) for step in firm.promise}
    return {
        client_id: Evidence(
            jobs=tuple(found.jobs),
            asks=tuple(sorted(found.asks, key=lambda ask: ask.at)),
            responses=tuple(found.responses),
            people=tuple(found.people),
            promises=tuple(found.promises),
            told=tuple(found.told),
            contacted=tuple(found.contacted),
            referred=tuple(found.referred),
            settlements=tuple(found.settlements),
            step_texts=steps,
            own_aspects=own,
            interests=found.interests,
        )
        for client_id, found in gathered.items()
    }


def _load_jobs(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    staff = _staff(session, gathered)
    for (
        client_id,
        job_id,
        contact_id,
        summary,
        kind,
        promised_at,
        value,
        resolution_id,
        sequence,
        completed_at,
        reopened_at,
    ) in _rows(session, queries.JOBS, ids=list(gathered), now=now):
        gathered[client_id].jobs.append(
            JobDone(
                id=job_id,
                contact_id=contact_id,
                completed_at=completed_at,
                name=summary or kind,
                promised_at=promised_at,
                reopened_at=reopened_at if reopened_at and reopened_at <= now else None,
                value=float(value or 0) if sequence == 1 else 0.0,
                kind=kind,
                staff=staff.get(resolution_id, ()),
            )
        )


def _rows(session: Session, statement: Executable, **given: Any) -> Sequence[Any]:
    """The rows of a statement that asks for columns: without what objects need they come in half the time."""
    return session.connection().execute(statement, given).all()


def _staff(session: Session, gathered: dict[int, _Gathered]) -> dict[int, tuple[tuple[str, float], ...]]:
    """Who did the work and their shares, by resolution."""
    found: dict[int, tuple[tuple[str, float], ...]] = defaultdict(tuple)
    for resolution_id, name, share in _rows(session, queries.STAFF, ids=list(gathered)):
        found[resolution_id] += ((name, float(share)),)
    return found


def _load_responses(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    numbers: dict[int, dict[str, int]] = defaultdict(dict)
    steps: dict[int, dict[str, int]] = defaultdict(dict)
    for response_id, question, number in _rows(session, queries.NUMBERS, ids=list(gathered)):
        if number is not None:
            numbers[response_id][question] = number
    for response_id, step, value in _rows(session, queries.STEPS, ids=list(gathered)):
        steps[response_id][step] = value
    readings = _readings(session, gathered)
    responses = _rows(session, queries.RESPONSES, ids=list(gathered), now=now)
    for number, client_id, contact_id, submitted_at, job_id in responses:
        gathered[client_id].responses.append(
            Response(
                id=number,
                job_id=job_id,
                contact_id=contact_id,
                at=submitted_at,
                numbers=numbers.get(number, {}),
                steps=steps.get(number, {}),
                reading=readings.get(number),
            )
        )


def _readings(session: Session, gathered: dict[int, _Gathered]) -> dict[int, Reading]:
    """The reading in force of each response's comment, a person's correction before the model, by response id.

    Of a comment and replies to the email the worst counts: polite thanks afterwards undo no complaint.
    """
    rows = {row.answer_id: row for row in _rows(session, queries.READINGS, ids=list(gathered))}
    corrected = corrections(session, {answer_id: row.text_hash for answer_id, row in rows.items()})
    readings = [
        (row.response_id, as_evidence(_standing(row, corrected.get(answer_id)), row.text or "", row.managers_only))
        for answer_id, row in rows.items()
    ]
    return dict(sorted(readings, key=lambda item: -item[1].score))


def _standing(row: Any, correction: Correction | None) -> Any:
    return StandingReading(row, correction) if correction is not None else row


def as_evidence(analysis: AnswerAnalysis | StandingReading, text: str, managers_only: bool = False) -> Reading:
    """A kept reading of `text` as the rules take it."""
    return Reading(
        answer_id=analysis.answer_id,
        text=text,
        sentiment=analysis.sentiment,
        score=analysis.score,
        aspects=tuple(
            (str(a["aspect"]), str(a["sentiment"]), int(a["start"]), int(a["end"])) for a in analysis.aspects
        ),
        intents={str(name): float(sure) for name, sure in analysis.intents.items()},
        evidence=tuple((int(s["start"]), int(s["end"]), float(s["weight"])) for s in analysis.evidence),
        severity=analysis.severity,
        abstained=analysis.abstained,
        language=analysis.language,
        managers_only=managers_only,
        read_once=analysis.model.startswith(READ_ONCE),
    )


def _load_asks(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    """Surveys sent; and for imported history the jobs that another tool will have asked about."""
    became = fates(session, gathered)
    asks = _rows(session, queries.ASKS, ids=list(gathered), now=now)
    for number, client_id, contact_id, sent_at, expires_at, state, answered_at in asks:
        answered, fate = state is InvitationState.ANSWERED, became.get(number, "")
        gathered[client_id].asks.append(Ask(contact_id, sent_at, answered, expires_at, answered_at, fate))
    first, last = session.scalar(queries.FIRST_IMPORTED), session.scalar(queries.LAST_IMPORTED)
    if first is not None and last is not None:
        for found in gathered.values():
            found.asks.extend(_imported_asks(found, first - SETTLES, last))


def _imported_asks(found: _Gathered, first: datetime, last: datetime) -> list[Ask]:
    """What the other tool will have asked, until this one began to."""
    began = min((ask.at for ask in found.asks), default=None)
    jobs = found.jobs if began is None else [job for job in found.jobs if job.completed_at < began]
    return imported_asks(jobs, {response.job_id: response.at for response in found.responses}, first, last)


def _load_people(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    first_jobs = _first_jobs(gathered)
    for contact in session.scalars(queries.PEOPLE, {"ids": list(gathered)}):
        if contact.wrong_at is not None and contact.wrong_at <= now:
            continue  # never the one to ask: their silence says nothing, nor their going
        gathered[contact.client_id].people.append(
            Person(
                id=contact.id,
                name=contact.name or contact.email,
                decides=contact.role == "decision-maker",
                mail_block=contact.mail_block.value if contact.mail_block else None,
                blocked_at=contact.mail_blocked_at,
                left_at=contact.left_at,
                since=min(contact.created_at, first_jobs.get((contact.client_id, contact.id), contact.created_at)),
                decides_since=contact.decides_since,
            )
        )
    for client_id, noted in session.execute(queries.INTERESTS, {"ids": list(gathered)}):
        gathered[client_id].interests = tuple(line.strip() for line in noted.splitlines() if line.strip())
    for client_id, sent_at in referral_dates(session, gathered, now):
        gathered[client_id].referred.append(sent_at)


def _first_jobs(gathered: dict[int, _Gathered]) -> dict[tuple[int, int], datetime]:
    """When the first job for each (client, contact) was done."""
    found: dict[tuple[int, int], datetime] = {}
    for client_id, known in gathered.items():
        for job in known.jobs:  # in the order of time
            found.setdefault((client_id, job.contact_id), job.completed_at)
    return found


def _load_follow_ups(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    for followed in session.scalars(queries.FOLLOW_UPS, {"ids": list(gathered), "now": now}):
        if followed.kind is FollowUpKind.CONTACTED:
            gathered[followed.client_id].contacted.append(followed.at)
        elif followed.due_at is not None:
            promise = Promise(followed.id, followed.at, followed.due_at, followed.done_at)
            gathered[followed.client_id].promises.append(promise)
    gone = (OutcomeResult.LOST, OutcomeResult.TOO_LATE)
    for client_id, at, result in session.execute(queries.OUTCOMES, {"ids": list(gathered), "now": now}):
        gathered[client_id].settlements.append(Settlement(at, result in gone))


def _load_told(session: Session, gathered: dict[int, _Gathered], firm: Firm, now: datetime) -> None:
    """What clients were told of their answers. A day that was promised ends at midnight where the firm is."""
    zone = zone_for(firm.timezone)
    rows = session.scalars(queries.TOLD, {"ids": list(gathered), "now": now})
    for row in rows:
        midnight = datetime.combine(row.by + timedelta(days=1), time(), zone) if row.by else None
        heard = row.fixed_at is not None and row.fixed_at <= now
        gathered[row.client_id].told.append(
            Told(
                response_id=row.response_id,
                at=row.at,
                done=row.stage is UpdateStage.DONE,
                text=row.text,
                due_at=midnight.astimezone(UTC) if midnight else None,
                fixed=row.fixed if heard else None,
                fixed_at=row.fixed_at if heard else None,
            )
        )
