"""What pages ask about evidence: the clicks that were never confirmed, and the answers that do not count."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from survey.evidence.links import Click
from survey.evidence.verdicts import found_on
from survey.models import HeldAnswer, Invitation, InvitationState, LinkVerdict

CONFIRMS_WITHIN = timedelta(hours=24)  # later, a click counts as never confirmed while the survey is still open
LAST_YEAR = timedelta(days=365)
_SILENT = (InvitationState.SENT, InvitationState.EXPIRED)


@dataclass(frozen=True)
class Unconfirmed:
    """A rating that a person, by all we can see, clicked in the email and never confirmed. It is no answer."""

    invitation_id: int
    client_id: int
    resolution_id: int
    question: str
    value: int
    at: datetime


def unconfirmed(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> list[Unconfirmed]:
    """The clicks that were never confirmed, of the invitations that meet `conditions` (none: of all), by time.

    Only a lone one: who chose several ratings has not chosen. Links that were looked at since they were judged are
    judged here: one query, and three for each few hundred of those.
    """
    silent = (
        select(
            Invitation.id, Invitation.client_id, Invitation.resolution_id, Invitation.state, Invitation.expires_at,
            LinkVerdict.stale, LinkVerdict.clicked, LinkVerdict.clicked_value, LinkVerdict.clicked_at,
        )
        .join(LinkVerdict, LinkVerdict.invitation_id == Invitation.id)
        .where(Invitation.state.in_(_SILENT), or_(LinkVerdict.stale, LinkVerdict.clicked_at.is_not(None)), *conditions)
    )  # fmt: skip
    rows = session.execute(silent).all()
    judged = found_on(session, [row.id for row in rows if row.stale])
    found = []
    for row in rows:
        click = judged[row.id].click if row.stale else Click(row.clicked, row.clicked_value, row.clicked_at)
        over = row.state is InvitationState.EXPIRED or now >= row.expires_at
        if click and (over or now - click.at >= CONFIRMS_WITHIN):
            found.append(Unconfirmed(row.id, row.client_id, row.resolution_id, click.question, click.value, click.at))
    return sorted(found, key=lambda click: click.at)


def stays_unconfirmed(now: datetime) -> ColumnElement[bool]:
    """The condition on invitations with a verdict that stands: `unconfirmed` would have them."""
    over = or_(
        Invitation.state == InvitationState.EXPIRED,
        Invitation.expires_at <= now,
        LinkVerdict.clicked_at <= now - CONFIRMS_WITHIN,
    )
    return and_(~LinkVerdict.stale, Invitation.state.in_(_SILENT), LinkVerdict.clicked_at.is_not(None), over)


def unconfirmed_by_invitation(
    session: Session, now: datetime, invitation_ids: Collection[int]
) -> Mapping[int, Unconfirmed]:
    """Invitation id → its click that was never confirmed."""
    if not invitation_ids:
        return {}
    return {click.invitation_id: click for click in unconfirmed(session, now, Invitation.id.in_(invitation_ids))}


def unconfirmed_of_client(session: Session, now: datetime, client_id: int) -> list[Unconfirmed]:
    """A client's clicks of the last year that were never confirmed, the latest first."""
    return unconfirmed(session, now, Invitation.client_id == client_id, Invitation.sent_at >= now - LAST_YEAR)[::-1]


def held_of(session: Session, invitation_ids: Collection[int]) -> dict[int, list[HeldAnswer]]:
    """Invitation id → its answers that do not count and are not settled, oldest first."""
    found: dict[int, list[HeldAnswer]] = {}
    for row in session.scalars(
        select(HeldAnswer)
        .where(HeldAnswer.invitation_id.in_(invitation_ids), HeldAnswer.outcome.is_(None))
        .order_by(HeldAnswer.id)
    ):
        found.setdefault(row.invitation_id, []).append(row)
    return found
