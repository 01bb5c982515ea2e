"""How a decision about an invitation is taken and written down: the firm's rules and hours, facts, verdicts, state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.asking.closed_days import country_for
from survey.asking.eligibility import decide
from survey.asking.facts import NOTHING_OWN, load_facts, policy_of
from survey.asking.rules import SurveyRules
from survey.asking.schedule import Hours, Place, Window, next_open, spread, too_late_at, zone_for
from survey.asking.terms import Decision, Facts, Outcome, Policy
from survey.firms import default_firm
from survey.models import Client, Contact, Firm, Invitation, InvitationState, QuestionnaireUse, Resolution

WAITING = frozenset({InvitationState.SCHEDULED, InvitationState.HELD})
REASON_LENGTH = 300


@dataclass(frozen=True)
class House:
    """The firm's rules and hours, read once for a batch."""

    policy: Policy
    hours: Hours
    timezone: str
    country: str
    spread_minutes: int
    reminder_days: tuple[int, ...]  # after sending, one for each reminder
    found: dict[tuple[datetime, Place], datetime] = field(default_factory=dict, compare=False, repr=False)
    """Opening moments worked out already: each is asked for several times."""
    places: dict[tuple[str, str, str], Place] = field(default_factory=dict, compare=False, repr=False)

    def due_at(self, resolution: Resolution, seed: str = "") -> datetime:
        """When the first email about a closing goes out; without the invitation's `seed`, the earliest moment."""
        job = resolution.job
        delay, place = timedelta(hours=self.policy.delay_for(job.kind)), self.place(job.contact)
        asked = resolution.completed_at + delay
        if (asked, place) not in self.found:
            self.found[asked, place] = next_open(asked, self.hours, place)
        opens = self.found[asked, place]
        return spread(opens, seed, self.spread_minutes, self.hours, place) if seed else opens

    def too_late_at(self, resolution: Resolution) -> datetime:
        """From when the closing is too old to ask about: closed days put that off as they put off the email."""
        days = self.policy.expire_after_days
        delay = self.policy.delay_for(resolution.job.kind)
        return max(too_late_at(resolution.completed_at, delay, days), self.due_at(resolution) + timedelta(days=days))

    def reminder_due_at(self, sent_at: datetime, reminders: int, contact: Contact, seed: str) -> datetime | None:
        """When the next reminder goes out after `reminders` of them; None: that was the last."""
        if reminders >= len(self.reminder_days):
            return None
        return self.next_open(sent_at + timedelta(days=self.reminder_days[reminders]), contact, f"{seed}/{reminders}")

    def next_open(self, moment: datetime, contact: Contact, seed: str = "") -> datetime:
        """`moment` in the contact's hours; one that has to wait for them comes a little later still, by its `seed`."""
        place = self.place(contact)
        opens = next_open(moment, self.hours, place)
        return spread(opens, seed, self.spread_minutes, self.hours, place) if seed else opens

    def place(self, contact: Contact) -> Place:
        """Where the contact reads."""
        theirs, clients, zone = known = contact.country, contact.client.country, contact.timezone
        if known not in self.places:
            country = country_for(theirs, clients, zone, self.country, self.timezone)
            self.places[known] = Place(self.zone(contact), country)
        return self.places[known]

    def zone(self, contact: Contact) -> tzinfo:
        return zone_for(contact.timezone, self.timezone)


def load_house(session: Session) -> House:
    """The rules and hours in force."""
    firm = session.get(Firm, 1) or default_firm()  # reading transactions come here: nothing may be written
    return house_of(firm, shares_now(session))


def shares_now(session: Session) -> dict[str, int]:
    """Kind of job, case-folded ("": every other) → how many per cent of them are asked about."""
    rows = session.execute(select(QuestionnaireUse.kind, QuestionnaireUse.share))
    return {kind: share for kind, share in rows}  # noqa: C416 - a row is no tuple to mypy


def house_of(firm: Firm, shares: Mapping[str, int]) -> House:
    """The rules and hours of a firm's row."""
    rules = rules_of(firm)
    hours = Hours(
        Window(rules.send_from, rules.send_until),
        frozenset(rules.send_weekdays),
        rules.closed_days,
        rules.keep_holidays,
    )
    return House(policy_of(firm, shares), hours, firm.timezone, firm.country, firm.spread_minutes, rules.reminder_days)


def rules_of(firm: Firm) -> SurveyRules:
    """The firm's survey rules as a value."""
    return SurveyRules.of({column.key: getattr(firm, column.key) for column in Firm.__table__.columns})


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


def load_cases(
    session: Session,
    resolutions: Sequence[Resolution],
    house: House,
    now: datetime,
    own: Mapping[int, int] = NOTHING_OWN,
) -> list[Facts]:
    """What is known about each resolution now, with the moment at which the schedule has it."""
    return load_facts(session, resolutions, house.policy, now, own, house.due_at)


def facts_now(session: Session, resolution: Resolution, house: House, now: datetime) -> Facts:
    """What is known about one resolution now."""
    own = {resolution.id: resolution.invitation.id} if resolution.invitation else {}
    return load_cases(session, [resolution], house, now, own)[0]


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
