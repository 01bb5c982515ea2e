"""What the survey emails of a batch are about, read in two queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from emails.leads import USUAL, Lead, load_leads
from emails.replies.address import reply_address
from survey import tokens
from survey.config import Settings
from survey.db import ids_in
from survey.invitations import TOKEN_PURPOSE
from survey.models import Contact, Invitation, Job, Resolution, ResolutionStaff


@dataclass(frozen=True, slots=True)
class Brief:
    """One invitation as its emails need it.

    Attributes:
        language: the contact's own, as their record has it; may be empty.
        timezone: the contact's own, an IANA name; may be empty.
        staff: full names, the largest share first.
        token: what opens the survey, and the page to unsubscribe.
        lead: what the row of ratings asks: the first question of the survey's questionnaire.
        reply_to: where this person's answer becomes a comment; "" when no domain receives replies.
    """

    language: str
    timezone: str
    kind: str
    summary: str
    completed_at: datetime
    expires_at: datetime
    staff: tuple[str, ...]
    token: str
    reply_to: str
    lead: Lead = USUAL


def load_briefs(session: Session, invitation_ids: Iterable[int], settings: Settings) -> dict[int, Brief]:
    """The briefs by invitation. After a change of SECRET_KEY the links open by the new key from now on."""
    assert settings.secret_key is not None
    ids, domain = list(invitation_ids), settings.inbound_domain
    query = (
        select(
            Invitation.id,
            Invitation.seed,
            Invitation.token_hash,
            Invitation.resolution_id,
            Invitation.expires_at,
            Invitation.version_id,
            Contact.language,
            Contact.timezone,
            Job.kind,
            Job.summary,
            Resolution.completed_at,
        )
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .join(Job, Job.id == Resolution.job_id)
        .where(ids_in(session.get_bind().dialect.name, Invitation.id, ids))
    )
    rows = session.connection().execute(query).all()
    staff = _staff(session, [row.resolution_id for row in rows])
    leads = load_leads(session, {row.version_id for row in rows})
    briefs: dict[int, Brief] = {}
    changed = []
    # Unpacked: asking a row for its columns by name costs half as much again as all of this.
    for number, seed, token_hash, resolution, expires_at, version, language, zone, kind, summary, completed_at in rows:
        token = tokens.derive(settings.secret_key, TOKEN_PURPOSE, seed)
        found = tokens.fingerprint(token)
        if found != token_hash:
            changed.append({"id": number, "token_hash": found})
        briefs[number] = Brief(
            language,
            zone,
            kind,
            summary,
            completed_at,
            expires_at,
            staff=tuple(staff.get(resolution, ())),
            token=token,
            reply_to=reply_address(settings.secret_key, number, seed, domain) if domain else "",
            lead=leads[version],
        )
    if changed:
        session.execute(update(Invitation), changed)
    return briefs


def _staff(session: Session, resolution_ids: list[int]) -> dict[int, list[str]]:
    query = select(ResolutionStaff.resolution_id, ResolutionStaff.name).where(
        ids_in(session.get_bind().dialect.name, ResolutionStaff.resolution_id, resolution_ids)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for resolution_id, name in (
        session.connection().execute(query.order_by(ResolutionStaff.share.desc(), ResolutionStaff.name)).all()
    ):
        found[resolution_id].append(name)
    return found
