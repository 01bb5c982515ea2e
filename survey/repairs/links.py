"""What a survey's link opens, and for whom: also the link of somebody who passed the survey on."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import tokens
from survey.invitations import find_by_token
from survey.models import Contact, Invitation, Repair


@dataclass(frozen=True)
class Link:
    """A link that we made. `contact` is who got it; `passed_on` says how the survey came to be somebody else's."""

    invitation: Invitation
    contact: Contact
    passed_on: Repair | None = None


def find_link(session: Session, token: str) -> Link | None:
    """What this link opens; None for one that we never made."""
    invitation = find_by_token(session, token)
    if invitation is not None:
        return Link(invitation, invitation.contact)
    repair = session.scalar(
        select(Repair).where(Repair.token_hash == tokens.fingerprint(token)).order_by(Repair.id.desc()).limit(1)
    )
    return Link(repair.invitation, repair.contact, repair) if repair else None
