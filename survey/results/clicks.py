"""Clicks that were never confirmed, as rows of the figures: only where the firm switched that on, and always marked."""

from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.evidence.queries import unconfirmed_in_figures
from survey.models import Invitation, ResponseOrigin
from survey.results.figures import BEFORE, Row
from survey.results.funnel import invitations
from survey.results.queries import Asking

LONGEST_OPEN = timedelta(days=400)  # from the sending to a click


def unconfirmed_rows(session: Session, asking: Asking, now: datetime) -> list[Row]:
    """The clicks of the period and of the time before it, counted as if they were answers."""
    if asking.wanted.origin not in {"", ResponseOrigin.SURVEY.value}:
        return []
    before, _start, end = asking.moments()
    ours = invitations(asking, Invitation.id).where(Invitation.sent_at >= before - LONGEST_OPEN)
    clicks = unconfirmed_in_figures(session, now, Invitation.id.in_(ours))
    versions = _versions(session, [click.invitation_id for click in clicks])
    edges = asking.period.edges(asking.zone)
    counted = Counter(
        (click.question, versions.get(click.invitation_id), _part(edges, click.at), click.value)
        for click in clicks
        if before <= click.at < end
    )
    return [Row(question, version, part, number, count) for (question, version, part, number), count in counted.items()]


def _part(edges: list[datetime], at: datetime) -> int:
    return bisect_right(edges, at) - 1 if at >= edges[0] else BEFORE


def _versions(session: Session, ids: list[int]) -> dict[int, int | None]:
    if not ids:
        return {}
    found = session.execute(select(Invitation.id, Invitation.version_id).where(Invitation.id.in_(ids)))
    return {row[0]: row[1] for row in found}
