"""Signs in who is there: a new decision-maker, a champion who left, one contact left of several.

What these weigh is judged, not fitted: the histories the loss model was fitted on hold none of them (docs/adr/0010).
"""

from datetime import datetime, timedelta

from analysis.relationships.evidence import Evidence, Person, Quote, Signal, days_between, freshness
from analysis.relationships.promises import main_contact
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural, short_day

NEW_DECIDER_POINTS, NEW_DECIDER_DAYS = 0.9, 240
KNOWN_BEFORE = timedelta(days=60)  # with less history behind them, everybody there is new
PLEASED_ALREADY = 0.5  # what a new decision-maker still weighs once they rated a job 4 or 5
CHAMPION_POINTS, CHAMPION_JOBS, CHAMPION_SHARE = 0.9, 10, 0.5
ONE_LEFT_POINTS, ONLY_ONE_POINTS = 0.5, 0.3
UNREACHABLE = ("bounced", "complained")
YEAR = timedelta(days=365)


def new_decider(evidence: Evidence, now: datetime) -> Signal | None:
    """Somebody new decides at a client that others decided for before: what was agreed with them has to be won again.

    The latest such change within NEW_DECIDER_DAYS; it fades, sooner once somebody has spoken to the client, and weighs
    half once the new one has rated a job 4 or 5.
    """
    newest = _latest_change(evidence, now)
    if newest is None:
        return None
    person, since = newest
    points = NEW_DECIDER_POINTS * evidence.weight(since, now)
    rated = [r.numbers["csat"] for r in evidence.responses if r.contact_id == person.id and "csat" in r.numbers]
    points *= PLEASED_ALREADY if rated and rated[-1] >= 4 else 1.0
    name = person.name or "nobody whose name you know"
    quote = Quote(f"{name} decides since {short_day(since)}", since, f"contact/{person.id}")
    return Signal("new_decider", points, f"A new decision-maker: {name}.", (quote,))


def _latest_change(evidence: Evidence, now: datetime) -> tuple[Person, datetime] | None:
    """Who decides since when, where somebody else did before."""
    if not evidence.jobs:
        return None
    known_from = evidence.jobs[0].completed_at + KNOWN_BEFORE
    deciders = [(person, person.decides_since or person.since) for person in evidence.people if person.decides]
    earliest = min((since for _, since in deciders if since is not None), default=None)
    changes = [
        (person, since)
        for person, since in deciders
        if since is not None
        and known_from <= since <= now
        and days_between(since, now) <= NEW_DECIDER_DAYS
        and person.left_at is None
        and evidence.unsettled(since)
        and (person.decides_since is not None or (earliest is not None and earliest < since))
    ]
    return max(changes, key=lambda change: (change[1], -change[0].id), default=None)


def champion_left(evidence: Evidence, now: datetime) -> Signal | None:
    """Somebody who carried the relationship has left: who decided, or ordered half of the jobs before they left.

    The main contact is `promises.lost_contact`'s. It fades.
    """
    if all(person.left_at is None for person in evidence.people):
        return None
    main = main_contact(evidence)
    found: tuple[float, Person, datetime] | None = None
    for person in evidence.people:
        left = person.left_at
        if left is None or left > now or not evidence.unsettled(left) or (main is not None and main.id == person.id):
            continue
        before = [job.contact_id for job in evidence.jobs if job.completed_at <= left][-CHAMPION_JOBS:]
        if not person.decides and before.count(person.id) < max(2.0, CHAMPION_SHARE * len(before)):
            continue
        points = CHAMPION_POINTS * freshness(left, now)
        if found is None or points > found[0]:
            found = (points, person, left)
    if found is None:
        return None
    points, person, left = found
    name = person.name or "no name known"
    quote = Quote(f"{name} left, {short_day(left)}", left, f"contact/{person.id}")
    return Signal("champion_left", points, f"Who carried this relationship has left: {name}.", (quote,))


def reachable(evidence: Evidence, now: datetime) -> list[Person]:
    """The contacts who are still there, whose address does not bounce and who did not mark our email as spam."""
    return [person for person in evidence.people if _gone_at(person, now) is None]


def _gone_at(person: Person, now: datetime) -> datetime | None:
    if person.left_at is not None and person.left_at <= now:
        return person.left_at
    return (person.blocked_at or now) if person.mail_block in UNREACHABLE else None


def only_contact(evidence: Evidence, firm: FirmUsual, now: datetime) -> Signal | None:
    """The relationship hangs on one person: where there were several, or at one of the firm's largest clients.

    Nothing new happens, so it does not fade; another contact ends it. Smaller clients with one contact from the start
    are no sign: most are like that.
    """
    there, known = reachable(evidence, now), len(evidence.people)
    if len(there) > 1 or not evidence.jobs or (known < 2 and not there):
        return None
    last = evidence.jobs[-1]
    if known > 1:
        text = f"Nobody there can be reached: all {plural(known, 'contact')} left or their addresses bounce."
        if there:
            text = f"Only one contact left of {known}: {there[0].name or 'no name known'}."
        gone = [(person, at) for person in evidence.people if (at := _gone_at(person, now)) is not None]
        quotes = tuple(
            Quote(
                f"{p.name or 'A contact'} {'left' if p.left_at else 'cannot be written to'}, {short_day(at)}",
                at,
                f"contact/{p.id}",
            )
            for p, at in gone
        )
        return Signal("only_contact", ONE_LEFT_POINTS, text, quotes[:3], fades=False)
    if sum(job.value for job in evidence.jobs if now - job.completed_at <= YEAR) < firm.value_high:
        return None
    text = f"One of your largest clients hangs on one contact: {there[0].name or 'no name known'}."
    quote = Quote(f"Last job {last.name}, {short_day(last.completed_at)}", last.completed_at, f"job/{last.id}")
    return Signal("only_contact", ONLY_ONE_POINTS, text, (quote,), fades=False)
