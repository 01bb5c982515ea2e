"""What was seen on a survey's link: kept, counted beyond the limit, and judged. The rules: `.visits`, `.presses`.

Nothing here stores or changes an answer. `survey.evidence.held` keeps the answers that do not count.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select, update
from sqlalchemy.orm import Session

from survey.db import insert_or_ignore
from survey.evidence.marks import mark
from survey.evidence.visits import Visit, agent_class, judge, own_name
from survey.models import Invitation, SurveyEvent, SurveyEventKind, VisitTally

VISIT_LIMIT = 200  # visits kept one by one for an invitation, so that a robot cannot fill the disk
TALLY_LIMIT = 40  # visitors told apart beyond that
AGENT_LENGTH = 300
ALIKE = timedelta(hours=1)  # in which visits that are alike are told as one
AT_ONCE = 500  # invitations asked about in one query
VISITS = (SurveyEventKind.OPENED, SurveyEventKind.SHOWN, SurveyEventKind.TRAPPED, SurveyEventKind.PRESSED)


def record_visit(
    session: Session, invitation: Invitation, kind: SurveyEventKind, now: datetime, user_agent: str = "", **details: Any
) -> None:
    """Append a visit, with what tells scanners from people (`details`: `method`, `fetch`, `offered`, …): one by one up
    to VISIT_LIMIT, counted beyond.
    """
    found = {**details, "agent": agent_class(user_agent).value, "after": _since_email(invitation, now)}
    agent = user_agent[:AGENT_LENGTH]
    kept = session.scalar(
        select(func.count())
        .select_from(SurveyEvent)
        .where(SurveyEvent.invitation_id == invitation.id, SurveyEvent.kind.in_(VISITS))
    )
    mark(session, [invitation.id])
    if (kept or 0) < VISIT_LIMIT:
        session.add(SurveyEvent(invitation_id=invitation.id, kind=kind, at=now, user_agent=agent, details=found))
    else:
        tally(session, invitation.id, kind, agent, now, found)


def _since_email(invitation: Invitation, now: datetime) -> int | None:
    """Whole seconds since the latest email was sent or arrived."""
    moments = [moment for moment in sent_moments(invitation) if moment <= now]
    return int((now - max(moments)).total_seconds()) if moments else None


def sent_moments(invitation: Invitation) -> list[datetime]:
    """When the emails of this survey were sent or arrived."""
    found = (invitation.sent_at, invitation.delivered_at, invitation.reminded_at)
    return [moment for moment in found if moment is not None]


def tally(
    session: Session,
    invitation_id: int,
    kind: SurveyEventKind,
    agent: str,
    now: datetime,
    details: Mapping[str, Any],
    times: int = 1,
) -> None:
    """Count visits beyond VISIT_LIMIT that are alike. `details` of the latest."""
    visitor = hashlib.sha256(agent.encode("utf-8", "surrogatepass")).hexdigest()
    of_link = VisitTally.invitation_id == invitation_id, VisitTally.kind == kind.value
    known = set(session.scalars(select(VisitTally.visitor).where(*of_link)))
    if visitor not in known and len(known) >= TALLY_LIMIT:
        visitor = agent = ""
    values = {"times": 0, "first_at": now, "last_at": now, "user_agent": agent, "details": details}
    insert_or_ignore(
        session, VisitTally, [{"invitation_id": invitation_id, "kind": kind.value, "visitor": visitor, **values}]
    )
    session.execute(
        update(VisitTally)
        .where(*of_link, VisitTally.visitor == visitor)
        .values(times=VisitTally.times + times, last_at=now, details=details)
    )


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_EVENTS = select(
    SurveyEvent.invitation_id, SurveyEvent.kind, SurveyEvent.at, SurveyEvent.user_agent, SurveyEvent.details
).where(SurveyEvent.invitation_id.in_(_IDS), SurveyEvent.kind.in_(VISITS))
_TALLIES = select(
    VisitTally.invitation_id,
    VisitTally.kind,
    VisitTally.last_at,
    VisitTally.user_agent,
    VisitTally.details,
    VisitTally.times,
).where(VisitTally.invitation_id.in_(_IDS))


def visits_of(session: Session, invitation_ids: Collection[int]) -> dict[int, list[Visit]]:
    """Invitation id → its visits in the order they came; those that are only counted stand at their latest.

    Two queries for each AT_ONCE of them.
    """
    found: dict[int, list[Visit]] = {invitation_id: [] for invitation_id in invitation_ids}
    ids = list(found)
    for start in range(0, len(ids), AT_ONCE):
        chunk = ids[start : start + AT_ONCE]
        for invitation_id, kind, at, agent, details in session.execute(_EVENTS, {"ids": chunk}):
            found[invitation_id].append(Visit(kind=kind.value, at=at, user_agent=agent, details=details))
        for invitation_id, visit_kind, at, agent, details, times in session.execute(_TALLIES, {"ids": chunk}):
            visit = Visit(kind=visit_kind, at=at, user_agent=agent, details=details, times=times)
            found[invitation_id].append(visit)
    for visits in found.values():
        visits.sort(key=lambda visit: visit.at)
    return found


@dataclass(frozen=True)
class Line:
    """One line of the evidence as a manager reads it. `kind`, `reasons`: the verdict, "" where there is none."""

    at: datetime
    what: str
    who: str
    times: int = 1
    kind: str = ""
    reasons: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()  # the ratings of the links that were opened

    @property
    def told(self) -> str:
        """What happened, with the ratings: `Opened the link (csat 4)`."""
        return f"{self.what} ({', '.join(self.chosen)})" if self.chosen else self.what

    def as_dict(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "what": self.told,
            "who": self.who,
            "times": self.times,
            "verdict": self.kind or None,
            "reasons": list(self.reasons),
        }


_WHAT = {
    "opened": "Opened the link",
    "shown": "Was shown the page",
    "trapped": "Followed the hidden link",
    "pressed": "Pressed the button; it did not count",
    "confirmed": "Answered",
    "changed": "Changed the answer",
    "unsubscribed": "Said no to further emails",
    "replied": "Answered the email",
    "preferred": "Chose what may be sent",
    "repaired": "Put something right",
    "set_aside": "The answer was set aside",
    "restored": "The answer counts again",
}


def lines(session: Session, invitation: Invitation) -> list[Line]:
    """Everything that was seen on the link, oldest first; visits that are alike and follow one another are one line."""
    visits = visits_of(session, [invitation.id])[invitation.id]
    verdicts = judge(visits, sent_moments(invitation))
    found = [
        Line(
            visit.at,
            _WHAT[visit.kind],
            agent_name(visit.user_agent),
            visit.times,
            verdict.kind.value,
            verdict.reasons,
            _chosen(visit),
        )
        for visit, verdict in zip(visits, verdicts, strict=True)
    ]
    others = session.scalars(
        select(SurveyEvent).where(SurveyEvent.invitation_id == invitation.id, SurveyEvent.kind.not_in(VISITS))
    )
    for event in others:
        press = event.details.get("press") or {}
        who = agent_name(event.user_agent) if event.user_agent else ""
        reasons = tuple(press.get("reasons") or event.details.get("reasons") or ())
        found.append(Line(event.at, _WHAT[event.kind.value], who, 1, press.get("kind", ""), reasons))
    found.sort(key=lambda line: line.at)
    return list(_together(found))


def _chosen(visit: Visit) -> tuple[str, ...]:
    if visit.kind != SurveyEventKind.OPENED:
        return ()
    return tuple(f"{question} {value}" for question, value in sorted(visit.offered))


def _together(found: Iterable[Line]) -> Iterable[Line]:
    last: Line | None = None
    for line in found:
        if last and (line.what, line.who, line.kind) == (last.what, last.who, last.kind) and line.at - last.at < ALIKE:
            last = Line(
                last.at,
                last.what,
                last.who,
                last.times + line.times,
                last.kind,
                tuple(dict.fromkeys((*last.reasons, *line.reasons))),
                tuple(dict.fromkeys((*last.chosen, *line.chosen))),
            )
            continue
        if last:
            yield last
        last = line
    if last:
        yield last


def agent_name(user_agent: str) -> str:
    """A User-Agent in a word or two: "Chrome on Windows", "Safari on iPhone", or how it names itself."""
    if not user_agent:
        return "Without a name"
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and agent_class(user_agent).value == "browser":
        return f"{browser} on {system}" if system else browser
    return own_name(user_agent)


_BROWSERS = (
    ("Edg", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
