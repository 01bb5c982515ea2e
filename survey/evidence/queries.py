"""What pages ask about evidence: the clicks that were never confirmed, and the answers that do not count."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey.evidence.records import sent_moments, visits_of
from survey.evidence.visits import OPENED, Kind, judge
from survey.firms import get_firm
from survey.models import HeldAnswer, Invitation, InvitationState, SurveyEvent, SurveyEventKind

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

    Only a lone one: who chose several ratings has not chosen. Two queries for the invitations, two for their visits.
    """
    clicked = select(SurveyEvent.invitation_id).where(SurveyEvent.kind == SurveyEventKind.OPENED)
    invitations = session.scalars(
        select(Invitation).where(Invitation.state.in_(_SILENT), Invitation.id.in_(clicked), *conditions)
    ).all()
    visits = visits_of(session, [invitation.id for invitation in invitations])
    found = []
    for invitation in invitations:
        own = visits[invitation.id]
        clicks = {
            visit.offered: visit.at
            for visit, verdict in zip(own, judge(own, sent_moments(invitation)), strict=True)
            if visit.kind == OPENED and visit.offered and verdict.kind is Kind.PERSON
        }
        if len(clicks) != 1:
            continue
        [(offered, at)] = clicks.items()
        over = invitation.state is InvitationState.EXPIRED or now >= invitation.expires_at
        if len(offered) == 1 and (over or now - at >= CONFIRMS_WITHIN):
            [(question, value)] = offered
            found.append(
                Unconfirmed(invitation.id, invitation.client_id, invitation.resolution_id, question, value, at)
            )
    return sorted(found, key=lambda click: click.at)


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


def unconfirmed_in_figures(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> list[Unconfirmed]:
    """The clicks that the figures of the results page may add, marked as such: none unless the firm switched that on.

    Nothing else may count them: no flag, no risk, no average of somebody's work.
    """
    return unconfirmed(session, now, *conditions) if get_firm(session).count_unconfirmed else []


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
