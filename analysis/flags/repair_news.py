"""Tells whoever looks after a client at once, by email, what the client put right and somebody has to decide about."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.flags.alerts import ALERT_KEEPS, known_keys, people_told, tell_at_once
from survey.config import Settings
from survey.models import Invitation, Repair, RepairKind, RepairState, Resolution
from survey.users import User

_TITLES = {
    RepairKind.NOT_FINISHED: "{client} says that a job is not finished",
    RepairKind.WRONG_PERSON: "{client} says that you ask the wrong person",
    RepairKind.COLLEAGUE: "{client} would like you to ask a colleague",
    RepairKind.LEFT: "Somebody has left {client}",
}
_INTROS = {
    RepairKind.NOT_FINISHED: "The job is open again, and its survey was taken back. What they said:",
    RepairKind.WRONG_PERSON: "They are not asked any more. Nobody else is written to before you say yes:",
    RepairKind.COLLEAGUE: "Nobody else is written to before you say yes:",
    RepairKind.LEFT: "They are not asked any more. Do you know who comes after them?",
}


def repair_batch(session: Session, settings: Settings, now: datetime) -> int:
    """Queue an email for every repair that waits and was not told yet; returns how many emails are new.

    It goes to the client's owner, or to every manager and admin when nobody owns the client.
    """
    repairs = session.scalars(
        select(Repair)
        .where(Repair.state == RepairState.OPEN, Repair.kind.in_(_TITLES), Repair.at > now - ALERT_KEEPS)
        .order_by(Repair.id)
        .options(
            joinedload(Repair.client),
            joinedload(Repair.contact),
            joinedload(Repair.new_contact),
            joinedload(Repair.invitation).joinedload(Invitation.resolution).joinedload(Resolution.job),
        )
    ).all()
    people = people_told(session) if repairs else []
    wanted = {f"repair/{one.id}/{user.id}": (one, user) for one in repairs for user in _readers(one, people)}
    if not wanted:
        return 0
    known = known_keys(session, wanted)
    return sum(
        _enqueue(session, key, repair, user, settings, now)
        for key, (repair, user) in wanted.items()
        if key not in known
    )


def _readers(repair: Repair, people: Sequence[User]) -> list[User]:
    return [user for user in people if user.id == repair.client.owner_id] or list(people)


def _enqueue(session: Session, key: str, repair: Repair, user: User, settings: Settings, now: datetime) -> bool:
    url = f"{settings.base_url}/desk/repairs#repair-{repair.id}"
    item = {
        "client": repair.client.name,
        "severity": repair.contact.name or repair.contact.email,
        "why": _why(repair),
        "url": url,
        "waits": "",
        "value": "",
    }
    context = {
        "title": _TITLES[repair.kind].format(client=repair.client.name),
        "intro": _INTROS[repair.kind],
        "items": [item],
        "url": url,
    }
    return tell_at_once(session, key, user, context, now)


def _why(repair: Repair) -> str:
    job = repair.invitation.resolution.job
    about = job.summary or job.kind or f"Job {job.external_id}"
    new = repair.new_contact
    other = (new.name or new.email) if new else " ".join(filter(None, [repair.name, repair.email]))
    told = f" They name {other}." if other else ""
    return f"{about}.{told}" + (f" “{repair.words}”" if repair.words else "")
