"""How a decision about an invitation is taken and written down: the firm's rules and hours, facts, verdicts, state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import schedule
from survey.eligibility import Decision, Facts, Outcome, Policy, decide
from survey.facts import load_facts, policy_of, window_of
from survey.firms import default_firm
from survey.models import Client, Contact, Firm, Invitation, InvitationState, Resolution
from survey.schedule import Window, zone_for

WAITING = frozenset({InvitationState.SCHEDULED, InvitationState.HELD})
REASON_LENGTH = 300


@dataclass(frozen=True)
class House:
    """The firm's rules and hours, read once for a batch."""

    policy: Policy
    window: Window
    timezone: str
    reminder_after_days: int | None

    def due_at(self, completed_at: datetime, contact: Contact) -> datetime:
        return schedule.due_at(completed_at, self.policy.delay_hours, self.window, self.zone(contact))

    def too_late_at(self, completed_at: datetime) -> datetime:
        return schedule.too_late_at(completed_at, self.policy.delay_hours, self.policy.expire_after_days)

    def next_inside(self, moment: datetime, contact: Contact) -> datetime:
        return schedule.next_inside(moment, self.window, self.zone(contact))

    def zone(self, contact: Contact) -> tzinfo:
        return zone_for(contact.timezone, self.timezone)


def load_house(session: Session) -> House:
    """The rules and hours in force."""
    firm = session.get(Firm, 1) or default_firm()  # reading transactions come here too: nothing may be written
    return House(policy_of(firm), window_of(firm), firm.timezone, firm.reminder_after_days)


def decided(decision: Decision, now: datetime) -> dict[str, Any]:
    """A decision as an invitation's columns: the state, the reason in one line, every verdict."""
    states = {
        Outcome.ASK: (InvitationState.SCHEDULED, ""),
        Outcome.HOLD: (InvitationState.HELD, decision.reason),
        Outcome.SKIP: (InvitationState.SKIPPED, decision.reason),
    }
    state, reason = states[decision.outcome]
    verdicts = [verdict.as_dict() for verdict in decision.verdicts]
    return {"state": state, "reason": reason[:REASON_LENGTH], "verdicts": verdicts, "decided_at": now}


def apply(invitation: Invitation, decision: Decision, now: datetime) -> None:
    """Write a decision down."""
    for name, value in decided(decision, now).items():
        setattr(invitation, name, value)


def move(invitation: Invitation, state: InvitationState, reason: str, now: datetime) -> None:
    """Put an invitation into a state and say why."""
    invitation.state, invitation.reason, invitation.decided_at = state, reason[:REASON_LENGTH], now


def facts_now(session: Session, resolution: Resolution, house: House, now: datetime) -> Facts:
    """What is known about one resolution now."""
    own = {resolution.id: resolution.invitation.id} if resolution.invitation else {}
    return load_facts(session, [resolution], house.policy, now, own)[0]


def decide_now(
    session: Session, resolution: Resolution, house: House, now: datetime, *, at: datetime | None = None, forced: bool
) -> Decision:
    """Ask every rule about one resolution with what is known now."""
    return decide(facts_now(session, resolution, house, now), house.policy, now, at=at, forced=forced)


def lock_recipients(session: Session, invitations: Sequence[Invitation]) -> None:
    """Lock every client and every contact that shares an address, so that rest and budget count what others send.

    Always clients before contacts and by id, so that two workers wait for each other but never in a circle.
    """
    clients = {invitation.client_id for invitation in invitations}
    contacts = {invitation.contact_id for invitation in invitations}
    if not clients:
        return
    addresses = select(Contact.email).where(Contact.id.in_(contacts))
    for table, condition in ((Client, Client.id.in_(clients)), (Contact, Contact.email.in_(addresses))):
        rows = select(table).where(condition).order_by(table.id)
        session.scalars(rows.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
