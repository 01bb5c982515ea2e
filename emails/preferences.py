"""What a client allows us to send, and how often: their own choice, on their own page, without an account."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from emails.models import SuppressionReason, SuppressionScope
from emails.suppressions import standing, suppress, unsuppress
from survey.models import Contact, Invitation, RepairKind, SurveyEventKind
from survey.repairs import requests as repairs
from survey.repairs import wishes
from survey.repairs.links import Link
from survey.responses import record_event

_OWN_WISH = SuppressionReason.UNSUBSCRIBED


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What may be sent to one address. `reminder` means nothing where `after_job` is off."""

    after_job: bool
    reminder: bool
    less: bool  # at most once in three months


@dataclass(frozen=True)
class Standing:
    """Where an address stands with us: their choices, whether they stopped everything, whether they left."""

    preferences: Preferences
    stopped: bool
    left: bool


def standing_of(session: Session, contact: Contact) -> Standing:
    """What holds for a contact now, as far as it is their own wish."""
    scopes = {row.scope for row in standing(session, contact.email) if row.reason is _OWN_WISH}
    after_job = SuppressionScope.AFTER_JOB not in scopes
    reminder = after_job and SuppressionScope.REMINDER not in scopes
    return Standing(
        preferences=Preferences(after_job=after_job, reminder=reminder, less=contact.asks_less_at is not None),
        stopped=SuppressionScope.ALL in scopes,
        left=contact.left_at is not None,
    )


def stop_all(session: Session, link: Link, now: datetime, agent: str, *, one_click: bool) -> None:
    """Nothing more goes to this address. Twice is the same as once."""
    evidence = {"invitation": link.invitation.id, "one_click": one_click}
    source = _source(link)
    if suppress(session, link.contact.email, _OWN_WISH, source, now, evidence=evidence):
        record_event(session, link.invitation, SurveyEventKind.UNSUBSCRIBED, now, agent, one_click=one_click)


def subscribe_again(session: Session, link: Link, now: datetime, agent: str) -> None:
    """They take back every stop of their own; one for a bounce or a complaint stays."""
    if unsuppress(session, link.contact.email, _source(link), now, _OWN_WISH):
        _record(session, link.invitation, now, agent, {"again": True})


def choose(session: Session, link: Link, wanted: Preferences, now: datetime, agent: str) -> None:
    """Let their choice hold for the address, whoever's contact it is. Choosing what holds already changes nothing."""
    contact = link.contact
    before = standing_of(session, contact)
    address, source, evidence = contact.email, _source(link), {"invitation": link.invitation.id}
    allowed = {SuppressionScope.AFTER_JOB: wanted.after_job, SuppressionScope.REMINDER: wanted.reminder}
    for scope, yes in allowed.items():
        if yes:
            unsuppress(session, address, source, now, _OWN_WISH, scope)
        else:
            suppress(session, address, _OWN_WISH, source, now, scope=scope, evidence=evidence)
    if before.stopped:
        unsuppress(session, address, source, now, _OWN_WISH, SuppressionScope.ALL)
    if before.preferences.less != wanted.less:
        wishes.ask_less(session, contact, now, less=wanted.less)
    if before.stopped or before.preferences != wanted:
        _record(session, link.invitation, now, agent, asdict(wanted))


def leave(session: Session, link: Link, now: datetime, agent: str) -> None:
    """They no longer work there: nobody asks them about that client, and the relationship is looked at anew."""
    if link.contact.left_at is None:
        repairs.say(session, link, repairs.Said(RepairKind.LEFT), now, agent)
        _record(session, link.invitation, now, agent, {"left": True})


def stay(session: Session, link: Link, now: datetime, agent: str) -> None:
    """They are still there after all."""
    if repairs.take_back_leaving(session, link, now, agent) or wishes.stay(link.contact):
        _record(session, link.invitation, now, agent, {"left": False})


def _source(link: Link) -> str:
    return f"their own link in the survey {link.invitation.id}"


def _record(session: Session, invitation: Invitation, now: datetime, agent: str, said: Mapping[str, Any]) -> None:
    record_event(session, invitation, SurveyEventKind.PREFERRED, now, agent, **said)
    session.flush()
