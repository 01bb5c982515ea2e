"""What became of the surveys that nobody answered: not delivered, not opened, opened by a machine, opened and left."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.relationships.silence import OPENED, SCANNER, UNDELIVERED, UNOPENED
from emails.models import DeliveryState, EmailKind, EmailMessage, EmailState
from survey.evidence.records import VISITS, sent_moments, visits_of
from survey.evidence.visits import person_seen
from survey.models import Invitation, InvitationState, SurveyEvent

_SILENT = (InvitationState.SENT, InvitationState.EXPIRED)
_NOT_SENT = (EmailState.REJECTED, EmailState.CANCELLED)
_NOT_ARRIVED = (DeliveryState.BOUNCED, DeliveryState.BLOCKED, DeliveryState.DROPPED)
_ASKING = (EmailKind.SURVEY, EmailKind.REMINDER)


def fates(session: Session, client_ids: Collection[int]) -> dict[int, str]:
    """The fate of each unanswered survey of these clients, by invitation id. A handful of queries, however many."""
    found = _arrived(session, client_ids)
    asked = session.scalars(
        select(Invitation).where(
            Invitation.client_id.in_(client_ids),
            Invitation.state.in_(_SILENT),
            select(SurveyEvent.id)
            .where(SurveyEvent.invitation_id == Invitation.id, SurveyEvent.kind.in_(VISITS))
            .exists(),
        )
    ).all()
    visits = visits_of(session, [invitation.id for invitation in asked])
    for invitation in asked:
        seen = person_seen(visits[invitation.id], sent_moments(invitation))
        found[invitation.id] = OPENED if seen else SCANNER
    return found


def _arrived(session: Session, client_ids: Collection[int]) -> dict[int, str]:
    """Whether any email of the survey can have arrived; a visit says more."""
    mails: dict[int, list[bool]] = defaultdict(list)
    for invitation_id, state, delivery in session.execute(
        select(EmailMessage.invitation_id, EmailMessage.state, EmailMessage.delivery)
        .join(Invitation, Invitation.id == EmailMessage.invitation_id)
        .where(
            Invitation.client_id.in_(client_ids),
            Invitation.state.in_(_SILENT),
            EmailMessage.kind.in_(_ASKING),
        )
    ):
        if invitation_id is not None:
            mails[invitation_id].append(state not in _NOT_SENT and delivery not in _NOT_ARRIVED)
    return {invitation_id: UNOPENED if any(sent) else UNDELIVERED for invitation_id, sent in mails.items()}
