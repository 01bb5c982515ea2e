"""What became of the surveys that nobody answered: not delivered, not opened, opened by a machine, opened and left."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from analysis.relationships.silence import OPENED, SCANNER, UNDELIVERED, UNOPENED
from analysis.scoring.evidence_queries import among
from emails.models import DeliveryState, EmailKind, EmailMessage, EmailState
from survey.evidence.verdicts import found_on
from survey.models import Invitation, InvitationState, LinkSeen, LinkVerdict

_SILENT = (InvitationState.SENT, InvitationState.EXPIRED)
_NOT_SENT = (EmailState.REJECTED, EmailState.CANCELLED)
_NOT_ARRIVED = (DeliveryState.BOUNCED, DeliveryState.BLOCKED, DeliveryState.DROPPED)
_ASKING = (EmailKind.SURVEY, EmailKind.REMINDER)

_OF_CLIENTS = (
    Invitation.client_id.in_(bindparam("ids", expanding=True)),
    among(*_SILENT),
)
_VERDICTS = (
    select(LinkVerdict.invitation_id, LinkVerdict.stale, LinkVerdict.seen)
    .join(Invitation, Invitation.id == LinkVerdict.invitation_id)
    .where(*_OF_CLIENTS)
)
_EMAILS = (
    select(EmailMessage.invitation_id, EmailMessage.state, EmailMessage.delivery)
    .join(Invitation, Invitation.id == EmailMessage.invitation_id)
    .where(*_OF_CLIENTS, EmailMessage.kind.in_(_ASKING))
)


def fates(session: Session, client_ids: Collection[int]) -> dict[int, str]:
    """The fate of each unanswered survey of these clients, by invitation id. A handful of queries, however many.

    Who was there is what the kept verdicts say; the few links that wait for one are judged here and now.
    """
    found = _arrived(session, client_ids)
    waiting: list[int] = []
    for link, stale, seen in session.connection().execute(_VERDICTS, {"ids": list(client_ids)}):
        found[link] = OPENED if seen is LinkSeen.PERSON else SCANNER
        if stale:
            waiting.append(link)
    for link, verdict in found_on(session, waiting).items():
        found[link] = OPENED if verdict.by_person else SCANNER
    return found


def _arrived(session: Session, client_ids: Collection[int]) -> dict[int, str]:
    """Whether any email of the survey can have arrived; a visit says more."""
    mails: dict[int, list[bool]] = defaultdict(list)
    for invitation_id, state, delivery in session.connection().execute(_EMAILS, {"ids": list(client_ids)}):
        if invitation_id is not None:
            mails[invitation_id].append(state not in _NOT_SENT and delivery not in _NOT_ARRIVED)
    return {invitation_id: UNOPENED if any(sent) else UNDELIVERED for invitation_id, sent in mails.items()}
