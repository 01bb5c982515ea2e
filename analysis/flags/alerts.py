"""Tells managers about flags by email: severe ones at once, the rest in a morning digest, through the outbox."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.desk.week import Week, the_week
from analysis.learning import drift, drift_news
from analysis.models import LIVE, Flag, FlagStatus, FollowUp, FollowUpKind, RelationshipState, Severity
from analysis.relationships.budget import Place
from analysis.relationships.wording import plural
from emails.models import EmailKind, EmailMessage
from emails.outbox import enqueue
from survey.config import Settings
from survey.firms import get_firm
from survey.models import Client, Firm
from survey.users import User

DIGEST_FROM, DIGEST_UNTIL = time(8), time(18)
WORKING_DAYS = range(5)
ALERT_KEEPS = timedelta(days=1)  # an alert that could not go out in a day is told by the digest
TOLD_ROLES = {"manager", "admin"}


def alert_batch(session: Session, settings: Settings, now: datetime) -> int:
    """Queue an email for every severe flag not yet told; returns how many emails are new.

    It goes to the flag's owner, or to every manager and admin when nobody owns it. A flag that somebody has taken on
    is not news.
    """
    flags = _open_flags(session, Severity.SEVERE)
    people = people_told(session) if flags else []
    wanted = {_alert_key(flag, user): (flag, user) for flag in flags for user in _told(flag, people)}
    known = known_keys(session, wanted) if wanted else set()
    news = {key: told for key, told in wanted.items() if key not in known}
    if not news:
        return 0
    firm, values = get_firm(session), _values(session, [flag.client_id for flag, _user in news.values()])
    queued = 0
    for key, (flag, user) in news.items():
        item = _item(flag, settings, firm, values.get(flag.client_id), now)
        context = {
            "title": f"{flag.client.name} needs you",
            "intro": "This relationship is in danger. What speaks for it:",
            "items": [item, *_further_reasons(flag, item)],
            "url": item["url"],
        }
        queued += tell_at_once(session, key, user, context, now)
    return queued


def tell_at_once(session: Session, once_key: str, user: User, context: dict[str, Any], now: datetime) -> bool:
    """Queue an alert to a person, once; whether it is new."""
    return enqueue(
        session,
        kind=EmailKind.FLAG_ALERT,
        once_key=once_key,
        to_email=user.email,
        to_name=user.display_name,
        user_id=user.id,
        due_at=now,
        not_after=now + ALERT_KEEPS,
        now=now,
        context=context,
    )


def digest_batch(session: Session, settings: Settings, now: datetime) -> int:
    """Queue this morning's digest for everyone who wants it and has something to read; returns how many are new.

    Working days from 08:00 in the firm's time zone. It lists the flags nobody has taken on, raised before the
    morning, for which the person's week has room, and the calls promised for today or earlier; each person's own and
    those without an owner.
    """
    firm = get_firm(session)
    local = now.astimezone(ZoneInfo(firm.timezone))
    if local.weekday() not in WORKING_DAYS or not DIGEST_FROM <= local.time() < DIGEST_UNTIL:
        return 0
    morning = local.replace(hour=DIGEST_FROM.hour, minute=0, second=0, microsecond=0)
    wanted = {f"digest/{local.date().isoformat()}/{user.id}": user for user in people_told(session)}
    missing = wanted.keys() - known_keys(session, wanted)
    if not missing:
        return 0
    flags = {flag.id: flag for flag in _open_flags(session) if flag.raised_at < morning}
    week = the_week(session, firm, now)
    calls = _calls_due(session, morning + timedelta(hours=24 - DIGEST_FROM.hour))
    values = _values(session, [flag.client_id for flag in flags.values()])
    queued, drifted = 0, drift.untold(session)
    for key in sorted(missing):
        user = wanted[key]
        learned = drift_news.lines_for(user, drifted, settings)
        told, waiting = _in_their_week(week, flags, user, firm)
        items = [
            *(_call_item(call, client, settings) for call, client, flag in calls if _is_theirs(flag, user)),
            *(_item(flag, settings, firm, values.get(flag.client_id), now) for flag in told),
        ]
        if items or learned:
            queued += enqueue(
                session,
                kind=EmailKind.DIGEST,
                once_key=key,
                to_email=user.email,
                to_name=user.display_name,
                user_id=user.id,
                due_at=now,
                not_after=local.replace(hour=20, minute=0, second=0, microsecond=0),
                now=now,
                context=_digest_context(items, learned, waiting, settings),
            )
        drift_news.told(drifted if learned else [], now)
    return queued


def _in_their_week(week: Week, flags: Mapping[int, Flag], user: User, firm: Firm) -> tuple[list[Flag], str]:
    """(the open flags that this person's week has room for, a line about those that wait).

    Flags of nobody fill what room is left; what cannot wait is told whatever room there is.
    """
    mine = week.of(user.id)
    room = user.calls_per_week or firm.calls_per_week
    left = max(0, room - mine.load.room.worked - mine.load.listed) if mine else room
    told: list[Flag] = []
    waiting = 0
    for place, call in week.plan.calls:
        flag = flags.get(call.flag_id)
        if flag is None or not _is_theirs(flag, user):
            continue
        fits = place in (Place.FIRST, Place.WEEK) or (place is Place.NOBODY and left > 0)
        left -= place is Place.NOBODY and fits
        if fits:
            told.append(flag)
        else:
            waiting += 1
    if not waiting:
        return told, ""
    return told, f"{plural(waiting, 'more flag')} {'waits' if waiting == 1 else 'wait'}: a week has room for {room}."


def _digest_context(
    items: list[dict[str, str]], learned: list[dict[str, str]], waiting: str, settings: Settings
) -> dict[str, Any]:
    number = plural(len({item["client"] for item in items}), "client")
    intro = "These relationships wait for somebody, the most urgent first."
    return {
        "title": f"{number} to look after today" if items else "The risks have drifted",
        "intro": f"Good morning. {intro if items else 'What the risks rest on has changed.'}",
        "items": [*items, *learned],
        "more": waiting,
        "url": f"{settings.base_url}/desk/",
    }


def _alert_key(flag: Flag, user: User) -> str:
    return f"flag/{flag.id}/{user.id}"


def known_keys(session: Session, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that an email was queued under already."""
    return set(session.scalars(select(EmailMessage.once_key).where(EmailMessage.once_key.in_(list(keys)))))


def _open_flags(session: Session, severity: Severity | None = None) -> Sequence[Flag]:
    statement = select(Flag).where(Flag.status == FlagStatus.OPEN).options(joinedload(Flag.client))
    if severity is not None:
        statement = statement.where(Flag.severity == severity)
    flags = session.scalars(statement.order_by(Flag.risk.desc(), Flag.id)).all()
    order = list(Severity)
    return sorted(flags, key=lambda flag: order.index(flag.severity))


def people_told(session: Session) -> list[User]:
    """Managers and admins who want alerts."""
    users = session.scalars(select(User).where(User.active, User.wants_alerts).order_by(User.id))
    return [user for user in users if TOLD_ROLES & {role.name for role in user.roles}]


def _told(flag: Flag, people: Sequence[User]) -> list[User]:
    """The owner; everyone who acts when there is none, or when the owner wants no alerts."""
    return [user for user in people if user.id == flag.owner_id] or list(people)


def _is_theirs(flag: Flag | None, user: User) -> bool:
    return flag is None or flag.owner_id is None or flag.owner_id == user.id


def _calls_due(session: Session, by: datetime) -> list[tuple[FollowUp, Client, Flag | None]]:
    rows = session.execute(
        select(FollowUp, Client, Flag)
        .join(Client, Client.id == FollowUp.client_id)
        .outerjoin(Flag, Flag.id == FollowUp.flag_id)
        .where(
            FollowUp.kind == FollowUpKind.PROMISED_CALL,
            FollowUp.undone_at.is_(None),
            FollowUp.done_at.is_(None),
            FollowUp.due_at <= by,
            Flag.status.in_(LIVE),
        )
        .order_by(FollowUp.due_at, FollowUp.id)
    )
    return [(call, client, flag) for call, client, flag in rows]


def _values(session: Session, client_ids: Sequence[int]) -> dict[int, float]:
    rows = session.execute(
        select(RelationshipState.client_id, RelationshipState.value_year).where(
            RelationshipState.client_id.in_(client_ids)
        )
    )
    return {client_id: float(value) for client_id, value in rows}


def _item(flag: Flag, settings: Settings, firm: Firm, value: float | None, now: datetime) -> dict[str, str]:
    days = (now - flag.raised_at).days
    return {
        "client": flag.client.name,
        "severity": flag.severity.value,
        "why": str(flag.reasons[0]["text"]) if flag.reasons else "",
        "url": f"{settings.base_url}/desk/flags/{flag.id}",
        "waits": f"waits {plural(days, 'day')}" if days else "new today",
        "value": f"{value:,.0f} {firm.currency} in the last 12 months" if value else "",
    }


def _further_reasons(flag: Flag, item: dict[str, str]) -> list[dict[str, str]]:
    """An alert is about one client: its next reasons follow, each on a line of its own."""
    return [{**item, "why": str(reason["text"]), "waits": "", "value": ""} for reason in flag.reasons[1:3]]


def _call_item(call: FollowUp, client: Client, settings: Settings) -> dict[str, str]:
    due = call.due_at or call.at
    return {
        "client": client.name,
        "severity": "call promised",
        "why": f"You promised to call by {due.day} {due:%B}." + (f" {call.note}" if call.note else ""),
        "url": f"{settings.base_url}/desk/flags/{call.flag_id}",
        "waits": "",
        "value": "",
    }
