"""Five cases of a past, told week by week: three caught, one missed, one false alarm. Chosen by a rule, and pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis.backtest.history import History, Past
from analysis.backtest.replay import Snapshot
from analysis.backtest.ten import Found, Place
from analysis.backtest.weekly import Week
from analysis.relationships.asks import SETTLES
from analysis.relationships.evidence import JobDone, Response
from analysis.relationships.words import said_openly

CAUGHT, MISSED, FALSE_ALARM = "caught", "missed", "false_alarm"
BEFORE, AFTER = timedelta(weeks=26), timedelta(weeks=8)
LONGEST = timedelta(weeks=52)
YEAR = timedelta(days=365)
WEEK = timedelta(weeks=1)
RULES = {
    CAUGHT: "Of the lost clients who were on the weekly list of ten in time, sorted by how early: those a quarter, "
    "half and three quarters of the way along.",
    MISSED: "Of the lost clients who were never on that list in time: the one whose last year was worth most, or, "
    "without values, who had the most jobs in it.",
    FALSE_ALARM: "Of the clients who stayed: the one who stood on that list in the most weeks.",
}


@dataclass(frozen=True)
class Case:
    """A client chosen to be told, and as what."""

    kind: str
    ref: str


def chosen(history: History, lost: Mapping[str, datetime], found: Found, listed: set[Place]) -> list[Case]:
    """At most five cases, by RULES; fewer where the past has no more."""
    early = sorted((days, ref) for ref, days in found.days.items() if days is not None)
    places = [int(share * (len(early) - 1)) for share in (0.25, 0.5, 0.75)] if len(early) > 3 else range(len(early))
    cases = [Case(CAUGHT, early[at][1]) for at in reversed(places)]
    worth = {past.ref: _worth(past, lost[past.ref]) for past in history.clients if past.ref in lost}
    missed = [ref for ref, days in found.days.items() if days is None and ref in worth]
    if missed:
        cases.append(Case(MISSED, max(missed, key=lambda ref: (worth[ref], ref))))
    weeks: dict[str, int] = defaultdict(int)
    for _, ref in listed:
        if ref not in lost:
            weeks[ref] += 1
    if weeks:
        cases.append(Case(FALSE_ALARM, max(weeks, key=lambda ref: (weeks[ref], ref))))
    return cases


def _worth(past: Past, last: datetime) -> tuple[float, int]:
    year = [job for job in past.jobs if last - YEAR <= job.completed_at <= last]
    return sum(job.value for job in year), len(year)


def told(
    cases: Sequence[Case],
    history: History,
    snapshots: Sequence[Snapshot],
    lost: Mapping[str, datetime],
    weeks: Sequence[Week],
) -> list[dict[str, Any]]:
    """The cases, ready for JSON. Only weeks in which something happened or changed are told; the others are counted."""
    place = {past.ref: number for number, past in enumerate(history.clients)}
    by_ref: dict[str, list[Snapshot]] = {case.ref: [] for case in cases}
    for snapshot in snapshots:
        if snapshot.ref in by_ref:
            by_ref[snapshot.ref].append(snapshot)
    return [
        _story(case, history, by_ref[case.ref], lost.get(case.ref), _shown(weeks, place[case.ref])) for case in cases
    ]


def _shown(weeks: Sequence[Week], client: int) -> dict[datetime, dict[str, Any]]:
    return {week.at: row for week in weeks for row in week.shown if row["client"] == client}


def _story(
    case: Case,
    history: History,
    snapshots: Sequence[Snapshot],
    lost_at: datetime | None,
    shown: Mapping[datetime, Mapping[str, Any]],
) -> dict[str, Any]:
    past = next(past for past in history.clients if past.ref == case.ref)
    listed = sorted(week for week, row in shown.items() if row["ten"])
    if lost_at is not None:
        start, end = lost_at - BEFORE, lost_at + AFTER
    else:
        start, end = listed[0] - AFTER, min(listed[-1] + AFTER, listed[0] - AFTER + LONGEST)
    kept = [snapshot for snapshot in snapshots if start <= snapshot.week <= end]
    last = past.jobs[-1].completed_at
    return {
        "kind": case.kind,
        "ref": past.ref,
        "name": past.name,
        "lost_at": lost_at.isoformat() if lost_at else None,
        "jobs": len(past.jobs),
        "last_job_at": last.isoformat(),
        "jobs_after": sum(job.completed_at > kept[-1].week for job in past.jobs) if kept else 0,
        "weeks_listed": len(listed),
        "first_listed": _since(listed, kept),
        "first_flagged": _since([s.week for s in snapshots if s.flagged], kept),
        "weeks": _weeks(kept, shown, _events(past, history)),
    }


def _since(stood: Sequence[datetime], told: Sequence[Snapshot]) -> str | None:
    """Since when it stood, of the first week told in which it did: if that opens the story, since before it."""
    inside = [week for week in stood if told and told[0].week <= week <= told[-1].week]
    if not inside:
        return None
    first, known = inside[0], set(stood)
    while first <= told[0].week and first - WEEK in known:
        first -= WEEK
    return first.isoformat()


def _weeks(
    snapshots: Sequence[Snapshot],
    shown: Mapping[datetime, Mapping[str, Any]],
    events: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before: tuple[bool, bool] | None = None
    for snapshot in snapshots:
        row = shown.get(snapshot.week)
        ten = bool(row and row["ten"])
        stood = (ten, snapshot.flagged)
        news = [e for e in events if snapshot.week - WEEK < e["at"] <= snapshot.week]
        changed = before is not None and stood != before
        rows.append(
            {
                "week": snapshot.week.isoformat(),
                "risk": round(snapshot.risk, 4),
                "low": round(snapshot.low, 4),
                "high": round(snapshot.high, 4),
                "ten": ten,
                "flagged": snapshot.flagged,
                "told": bool(news) or changed or before is None,
                "changed": changed,
                "events": [{**event, "at": event["at"].isoformat()} for event in news],
                "reasons": row["reasons"] if row is not None and (changed or before is None) else [],
            }
        )
        before = stood
    return rows


def _events(past: Past, history: History) -> list[dict[str, Any]]:
    """What the firm could see of this client, each at the moment when it could."""
    moments = [response.at for other in history.clients for response in (*other.responses[:1], *other.responses[-1:])]
    first, last = (min(moments), max(moments)) if moments else (None, None)
    known = past.known_at(max(history.last, last or history.last), first, last)
    names = {job.id: job.name or "a job" for job in known.jobs}
    who = {person.id: person.name for person in known.people}
    events = [_job(job) for job in known.jobs] + [_answer(response, names) for response in known.responses]
    for ask in known.asks:
        if not ask.answered:
            text = f"{who.get(ask.contact_id) or 'Their contact'} did not answer the survey"
            settled = ask.settles_at or ask.at + SETTLES
            events.append({"kind": "silence", "at": settled, "text": text, "quote": "", "tone": "warning"})
    spoke = {"kind": "contact", "text": "Somebody of yours spoke with them", "quote": "", "tone": ""}
    events.extend({**spoke, "at": at} for at in known.contacted)
    return sorted(events, key=lambda event: (event["at"], event["kind"], event["text"]))


def _job(job: JobDone) -> dict[str, Any]:
    late = job.promised_at is not None and job.completed_at > job.promised_at
    days = round((job.completed_at - job.promised_at).total_seconds() / 86_400) if late and job.promised_at else 0
    text = f"{job.name or 'A job'} done" + (f", {days} day{'s' if days != 1 else ''} late" if days else "")
    return {"kind": "job", "at": job.completed_at, "text": text, "quote": "", "tone": "warning" if days else ""}


def _answer(response: Response, names: Mapping[int, str]) -> dict[str, Any]:
    said = {"csat": "satisfaction {} of 5", "nps": "would recommend {} of 10", "ces": "ease {} of 7"}
    given = [said[name].format(value) for name, value in response.numbers.items() if name in said]
    low = response.numbers.get("csat", 5) <= 2 or response.numbers.get("nps", 10) <= 6
    high = response.numbers.get("csat", 3) >= 4
    sentiment = response.reading.sentiment if response.reading else ""
    tone = "danger" if low or sentiment == "negative" else "good" if high else ""
    text = f"Answered about {names.get(response.job_id, 'a job')}" + (f": {', '.join(given)}" if given else "")
    quote = said_openly(response.reading) if response.reading else ""
    return {"kind": "answer", "at": response.at, "text": text, "quote": quote[:600], "tone": tone}
