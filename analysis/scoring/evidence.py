"""Loads what is known about many clients at once, as the plain values that the rules read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, FollowUpKind, OutcomeResult
from analysis.reading.corrections import StandingReading, standing
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
    rows = session.execute(queries.JOBS, {"ids": list(gathered), "now": now}).all()
    staff = _staff(session, gathered)
    for row in rows:
        gathered[row.client_id].jobs.append(
            JobDone(
                id=row.id,
                contact_id=row.contact_id,
                completed_at=row.completed_at,
                name=row.summary or row.kind,
                promised_at=row.promised_at,
                reopened_at=row.reopened_at if row.reopened_at and row.reopened_at <= now else None,
                value=float(row.value or 0) if row.sequence == 1 else 0.0,
                kind=row.kind,
                staff=tuple(staff.get(row.resolution_id, ())),
            )
        )


def _staff(session: Session, gathered: dict[int, _Gathered]) -> dict[int, list[tuple[str, float]]]:
    """Who did the work and their shares, by resolution."""
    found: dict[int, list[tuple[str, float]]] = defaultdict(list)
    for resolution_id, name, share in session.execute(queries.STAFF, {"ids": list(gathered)}):
        found[resolution_id].append((name, float(share)))
    return found


def _load_responses(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    rows = session.execute(queries.RESPONSES, {"ids": list(gathered), "now": now}).all()
    numbers: dict[int, dict[str, int]] = defaultdict(dict)
    steps: dict[int, dict[str, int]] = defaultdict(dict)
    for response_id, question, number in session.execute(queries.NUMBERS, {"ids": list(gathered)}):
        if number is not None:
            numbers[response_id][question] = number
    for response_id, step, value in session.execute(queries.STEPS, {"ids": list(gathered)}):
        steps[response_id][step] = value
    readings = _readings(session, gathered)
    for row in rows:
        gathered[row.client_id].responses.append(
            Response(
                id=row.id,
                job_id=row.job_id,
                contact_id=row.contact_id,
                at=row.submitted_at,
                numbers=numbers.get(row.id, {}),
                steps=steps.get(row.id, {}),
                reading=readings.get(row.id),
            )
        )


def _readings(session: Session, gathered: dict[int, _Gathered]) -> dict[int, Reading]:
    """The reading in force of each response's comment, a person's correction before the model, by response id.

    Of a comment and replies to the email the worst counts: polite thanks afterwards undo no complaint.
    """
    rows = session.execute(queries.READINGS, {"ids": list(gathered)})
    found = {row.AnswerAnalysis.answer_id: row for row in rows}
    readings = standing(session, {answer_id: row.AnswerAnalysis for answer_id, row in found.items()})
    worst_last = sorted(found.items(), key=lambda item: -readings[item[0]].score)
    return {
        row.response_id: replace(as_evidence(readings[answer_id], row.text or ""), managers_only=row.managers_only)
        for answer_id, row in worst_last
    }


def as_evidence(analysis: AnswerAnalysis | StandingReading, text: str) -> Reading:
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
        read_once=analysis.model.startswith(READ_ONCE),
    )


def _load_asks(session: Session, gathered: dict[int, _Gathered], now: datetime) -> None:
    """Surveys sent; and for imported history the jobs that another tool will have asked about."""
    rows: Sequence[Any] = session.execute(queries.ASKS, {"ids": list(gathered), "now": now}).all()
    became = fates(session, gathered)
    for row in rows:
        answered, fate = row.state is InvitationState.ANSWERED, became.get(row.id, "")
        ask = Ask(row.contact_id, row.sent_at, answered, row.expires_at, row.answered_at, fate)
        gathered[row.client_id].asks.append(ask)
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
    for contact in session.scalars(queries.PEOPLE, {"ids": list(gathered)}):
        if contact.wrong_at is not None and contact.wrong_at <= now:
            continue  # never the one to ask: their silence says nothing, nor their going
        jobs = gathered[contact.client_id].jobs
        gathered[contact.client_id].people.append(
            Person(
                id=contact.id,
                name=contact.name or contact.email,
                decides=contact.role == "decision-maker",
                mail_block=contact.mail_block.value if contact.mail_block else None,
                blocked_at=contact.mail_blocked_at,
                left_at=contact.left_at,
                since=min([contact.created_at, *(job.completed_at for job in jobs if job.contact_id == contact.id)]),
                decides_since=contact.decides_since,
            )
        )
    for client_id, noted in session.execute(queries.INTERESTS, {"ids": list(gathered)}):
        gathered[client_id].interests = tuple(line.strip() for line in noted.splitlines() if line.strip())
    for client_id, sent_at in referral_dates(session, gathered, now):
        gathered[client_id].referred.append(sent_at)


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
