"""What happened in the 90 days before a move: jobs and who did them, dates kept, talks, answers."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import FollowUp, FollowUpKind
from analysis.scoring.evidence_queries import NOT_WORK
from survey.models import Answer, Job, Resolution, ResolutionStaff, SurveyResponse

BEFORE = timedelta(days=90)
GOOD_CSAT = 4
AT_ONCE = 500


@dataclass
class Preceding:
    """The 90 days before a moment, at one client. `staff`: jobs by who did them, by the shares kept at closing."""

    kinds: Counter[str] = field(default_factory=Counter)
    staff: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    jobs: int = 0
    promised: int = 0
    kept: int = 0
    talks: int = 0
    csat: list[int] = field(default_factory=list)
    nps: list[int] = field(default_factory=list)

    @property
    def mean_csat(self) -> float | None:
        return fmean(self.csat) if self.csat else None

    @property
    def people(self) -> list[tuple[str, float]]:
        """Who did the work and their share of it (adding up to 1), the largest first."""
        total = sum(self.staff.values())
        shares = ((name, share / total) for name, share in self.staff.items()) if total else ()
        return sorted(shares, key=lambda item: (-item[1], item[0]))

    @property
    def was_rated_well(self) -> bool:
        return any(number >= GOOD_CSAT for number in self.csat)


def preceding(session: Session, moments: Mapping[int, datetime]) -> dict[int, Preceding]:
    """By client id, what preceded the moment given for each. Four queries for every 500 clients."""
    found = {client_id: Preceding() for client_id in moments}
    ids = list(moments)
    for start in range(0, len(ids), AT_ONCE):
        part = {client_id: moments[client_id] for client_id in ids[start : start + AT_ONCE]}
        _add_jobs(session, found, part)
        _add_talks(session, found, part)
        _add_answers(session, found, part)
    return found


def _inside(at: datetime, moment: datetime) -> bool:
    return moment - BEFORE < at <= moment


def _span(moments: Mapping[int, datetime]) -> tuple[datetime, datetime]:
    return min(moments.values()) - BEFORE, max(moments.values())


def _add_jobs(session: Session, found: dict[int, Preceding], moments: Mapping[int, datetime]) -> None:
    first, last = _span(moments)
    rows = session.execute(
        select(Resolution.id, Job.client_id, Job.kind, Job.promised_at, Resolution.completed_at)
        .join(Resolution, Resolution.job_id == Job.id)
        .where(
            Job.client_id.in_(moments),
            Resolution.completed_at > first,
            Resolution.completed_at <= last,
            Job.exclusion.is_(None) | Job.exclusion.not_in(NOT_WORK),
        )
        .order_by(Resolution.completed_at)
    )
    client_of: dict[int, int] = {}
    for row in rows:
        if not _inside(row.completed_at, moments[row.client_id]):
            continue
        client_of[row.id] = row.client_id
        one = found[row.client_id]
        one.jobs += 1
        one.kinds[row.kind or "Other"] += 1
        if row.promised_at is not None:
            one.promised += 1
            one.kept += row.completed_at <= row.promised_at
    for resolution_id, name, share in _shares(session, client_of):
        found[client_of[resolution_id]].staff[name] += share


def _shares(session: Session, resolution_ids: Collection[int]) -> list[tuple[int, str, float]]:
    ids, found = list(resolution_ids), []
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        rows = session.execute(
            select(ResolutionStaff.resolution_id, ResolutionStaff.name, ResolutionStaff.share).where(
                ResolutionStaff.resolution_id.in_(part)
            )
        )
        found += [(resolution_id, name, share) for resolution_id, name, share in rows]
    return found


def _add_talks(session: Session, found: dict[int, Preceding], moments: Mapping[int, datetime]) -> None:
    first, last = _span(moments)
    rows = session.execute(
        select(FollowUp.client_id, FollowUp.at).where(
            FollowUp.client_id.in_(moments),
            FollowUp.kind == FollowUpKind.CONTACTED,
            FollowUp.undone_at.is_(None),
            FollowUp.at > first,
            FollowUp.at <= last,
        )
    )
    for client_id, at in rows:
        found[client_id].talks += _inside(at, moments[client_id])


def _add_answers(session: Session, found: dict[int, Preceding], moments: Mapping[int, datetime]) -> None:
    first, last = _span(moments)
    rows = session.execute(
        select(SurveyResponse.client_id, SurveyResponse.submitted_at, Answer.question, Answer.number)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(
            SurveyResponse.client_id.in_(moments),
            SurveyResponse.submitted_at > first,
            SurveyResponse.submitted_at <= last,
            Answer.question.in_(("csat", "nps")),
            Answer.number.is_not(None),
        )
        .order_by(SurveyResponse.submitted_at)
    )
    for client_id, at, question, number in rows:
        if number is not None and _inside(at, moments[client_id]):
            (found[client_id].csat if question == "csat" else found[client_id].nps).append(number)
