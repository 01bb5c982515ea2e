"""Clicks that were never confirmed, as rows of the figures: only where the firm switched that on, and always marked.

Nothing else may count them: no flag, no risk, no average of somebody's work.
"""

from bisect import bisect_right
from collections import Counter
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal
from sqlalchemy.orm import Session

from survey.evidence.queries import stays_unconfirmed, unconfirmed
from survey.evidence.verdicts import WAITING
from survey.firms import get_firm
from survey.models import Invitation, LinkVerdict, ResponseOrigin
from survey.results.counting import BEFORE, Row
from survey.results.funnel import invitations
from survey.results.queries import Asking

_Key = tuple[str, int | None, int, int]  # question, version, part, value


def unconfirmed_rows(session: Session, asking: Asking, now: datetime) -> list[Row]:
    """The clicks of the period and of the time before it, counted as if they were answers."""
    if not get_firm(session).count_unconfirmed or asking.wanted.origin not in {"", ResponseOrigin.SURVEY.value}:
        return []
    counted = _standing(session, asking, now) + _waiting(session, asking, now)
    return [Row(question, version, part, value, n) for (question, version, part, value), n in counted.items()]


def _standing(session: Session, asking: Asking, now: datetime) -> Counter[_Key]:
    before, _start, end = asking.moments()
    edges = asking.period.edges(asking.zone)
    at = LinkVerdict.clicked_at
    part: ColumnElement[int] = case(
        (at < edges[0], literal(BEFORE)),
        *((at < later, literal(number)) for number, later in enumerate(edges[1:-1])),
        else_=literal(len(edges) - 2),
    )
    columns = LinkVerdict.clicked, Invitation.version_id, part.label("part"), LinkVerdict.clicked_value
    found = (
        invitations(asking, *columns, func.count())
        .join(LinkVerdict, LinkVerdict.invitation_id == Invitation.id)
        .where(stays_unconfirmed(now), at >= before, at < end)
        .group_by(*columns[:2], "part", columns[3])
    )
    return Counter({(row[0], row[1], row[2], row[3]): row[4] for row in session.execute(found)})


def _waiting(session: Session, asking: Asking, now: datetime) -> Counter[_Key]:
    """Of the links that somebody looked at since they were judged."""
    before, _start, end = asking.moments()
    edges = asking.period.edges(asking.zone)
    ours = invitations(asking, Invitation.id).where(Invitation.id.in_(WAITING))
    versions = {row[0]: row[1] for row in session.execute(ours.add_columns(Invitation.version_id))}
    return Counter(
        (click.question, versions[click.invitation_id], _part(edges, click.at), click.value)
        for click in unconfirmed(session, now, Invitation.id.in_(ours))
        if before <= click.at < end
    )


def _part(edges: list[datetime], at: datetime) -> int:
    return bisect_right(edges, at) - 1 if at >= edges[0] else BEFORE
