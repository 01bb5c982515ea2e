"""How deep a relationship is: what the firm knows of the client, and the client of the firm.

Shown as strengths and counted in health. Not in the chance of loss: on the histories neither contacts, kinds of work,
years nor answers add anything to what is known otherwise (docs/adr/0010).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.relationships.evidence import Evidence, days_between
from analysis.relationships.people import reachable
from analysis.relationships.wording import plural
from survey.speech import listed

SEVERAL_CONTACTS, SEVERAL_KINDS, LONG_YEARS = 2, 3, 1.0
OFTEN_ANSWERED = 4
HEALTH_EACH, MOST_HEALTH = 1.5, 6.0
DAYS_A_YEAR = 365.0


@dataclass(frozen=True)
class Strength:
    """One tie between the firm and the client, in words."""

    name: str
    label: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "text": self.text}


def strengths(evidence: Evidence, now: datetime) -> tuple[Strength, ...]:
    """What ties the client to the firm: contacts, kinds of work, years, referrals, answers, interests noted."""
    found = [
        _years(evidence, now),
        _contacts(evidence, now),
        _kinds(evidence, now),
        _answers(evidence, now),
        _referrals(evidence),
        _interests(evidence),
    ]
    return tuple(strength for strength in found if strength is not None)


def health_of(found: tuple[Strength, ...]) -> float:
    """What the ties add to health, beyond the first: 0…MOST_HEALTH."""
    return min(MOST_HEALTH, HEALTH_EACH * max(0, len(found) - 1))


def _years(evidence: Evidence, now: datetime) -> Strength | None:
    if not evidence.jobs:
        return None
    years = days_between(evidence.jobs[0].completed_at, now) / DAYS_A_YEAR
    if years < LONG_YEARS or days_between(evidence.jobs[-1].completed_at, now) > DAYS_A_YEAR:
        return None
    how = f"{years:.0f} years" if round(years) > 1 else "More than a year"
    return Strength("years", "Time together", f"{how} and {plural(len(evidence.jobs), 'job')} together.")


def _contacts(evidence: Evidence, now: datetime) -> Strength | None:
    there = reachable(evidence, now)
    if len(there) < SEVERAL_CONTACTS:
        return None
    named = listed([person.name for person in there[:3] if person.name])
    return Strength("contacts", "Contacts", f"You know {len(there)} people there{': ' + named if named else ''}.")


def _kinds(evidence: Evidence, now: datetime) -> Strength | None:
    lately = [job for job in evidence.jobs if job.kind and days_between(job.completed_at, now) <= DAYS_A_YEAR]
    kinds = {job.kind.casefold() for job in lately}
    if len(kinds) < SEVERAL_KINDS:
        return None
    return Strength("kinds", "Kinds of work", f"{len(kinds)} kinds of work in the last year, not one thing only.")


def _answers(evidence: Evidence, now: datetime) -> Strength | None:
    said = sum(days_between(response.at, now) <= DAYS_A_YEAR for response in evidence.responses)
    if said < OFTEN_ANSWERED:
        return None
    return Strength("answers", "They tell you", f"{said} answers in the last year: they let you know how it goes.")


def _referrals(evidence: Evidence) -> Strength | None:
    if not evidence.referred:
        return None
    return Strength("referrals", "Referrals", f"They sent you {plural(len(evidence.referred), 'client')}.")


def _interests(evidence: Evidence) -> Strength | None:
    if not evidence.interests:
        return None
    return Strength("interests", "Interests", f"You know what they care about: {listed(list(evidence.interests[:3]))}.")
