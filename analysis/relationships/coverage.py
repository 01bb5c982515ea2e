"""How much of an account was heard, how satisfied it sounds, and how the one who decides sees it."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt
from typing import Any

from analysis.relationships.evidence import Evidence, days_between
from analysis.relationships.satisfaction import Satisfaction, satisfaction
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural
from survey.speech import listed

Z80 = 1.2815515655446004
YEAR_DAYS = 365.0
OWN_VIEW = 0.5  # stars between the decision-maker and the account from which it is worth saying


@dataclass(frozen=True)
class Stars:
    """A level on the scale of 1…5 as the firm's clients use it, between `low` and `high` with 80 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Coverage:
    """The last twelve months of one account: one account, one vote (`account`), and the decision-maker's beside it.

    `account` and `decider` are None where nobody of them said a word.
    """

    contacts_heard: int
    contacts: int
    jobs_heard: int
    jobs: int
    account: Stars | None
    decider: Stars | None
    deciders: int
    decider_name: str
    alone: bool  # nobody but who decides said a word

    def as_dict(self) -> dict[str, Any]:
        stars = {"account": self.account, "decider": self.decider}
        levels = {name: dict(vars(found)) if found else None for name, found in stars.items()}
        return {**vars(self), **levels, "text": self.text, "view": self.view}

    @property
    def text(self) -> str:
        """What was heard, in one sentence."""
        if not self.jobs and not self.contacts:
            return ""
        if not self.jobs:
            return f"No job in 12 months; {plural(self.contacts, 'contact')} known."
        heard = f"{self.contacts_heard} of {plural(self.contacts, 'contact')}"
        return f"In 12 months you heard {heard} and {self.jobs_heard} of {plural(self.jobs, 'job')}."

    @property
    def view(self) -> str:
        """What the decision-maker's view adds to the account's, or ""."""
        who = f"Who decides ({self.decider_name})" if self.decider_name else "Who decides"
        if self.account is None:
            return ""
        if self.decider is None:
            return f"{who} has never answered." if self.decider_name else ""
        if self.alone:
            return f"{who} is the only voice you hear." if self.contacts > self.deciders else ""
        apart = self.decider.value - self.account.value
        if abs(apart) < OWN_VIEW:
            return f"{who} sees it much as the others do."
        return f"{who} is {'happier' if apart > 0 else 'less happy'} than the account as a whole."


def coverage(evidence: Evidence, firm: FirmUsual, now: datetime, satisfied: Satisfaction | None = None) -> Coverage:
    """How much was heard in a year, and the levels of the account and of who decides there."""
    jobs = {job.id for job in evidence.jobs if days_between(job.completed_at, now) <= YEAR_DAYS}
    heard, there = contacts_heard(evidence, now)
    deciders = [person for person in evidence.people if person.decides and person.left_at is None]
    ids = {person.id for person in deciders}
    theirs = tuple(response for response in evidence.responses if response.contact_id in ids)
    account = satisfied or satisfaction(evidence, firm, now)
    alone = len(theirs) == len(evidence.responses)  # nobody else said a word
    decider = account if alone else satisfaction(replace(evidence, responses=theirs), firm, now)
    return Coverage(
        contacts_heard=heard,
        contacts=there,
        jobs_heard=len({r.job_id for r in evidence.responses} & jobs),
        jobs=len(jobs),
        account=_stars(account, firm),
        decider=_stars(decider, firm) if deciders else None,
        deciders=len(deciders),
        alone=alone and bool(deciders),
        decider_name=listed([person.name for person in deciders if person.name][:2]) if deciders else "",
    )


def contacts_heard(evidence: Evidence, now: datetime, days: float = YEAR_DAYS) -> tuple[int, int]:
    """(contacts who said something in the last `days`, contacts who are still there)."""
    there = {person.id for person in evidence.people if person.left_at is None}
    spoke = {r.contact_id for r in evidence.responses if days_between(r.at, now) <= days}
    return len(spoke & there), len(there)


def _stars(found: Satisfaction, firm: FirmUsual) -> Stars | None:
    if not found.shares:
        return None
    level, spread = firm.levels["csat"], Z80 * sqrt(found.variance + found.mixed)
    low, value, high = (
        round(min(5.0, max(1.0, level.mean + level.spread * at)), 2)
        for at in (found.level - spread, found.level, found.level + spread)
    )
    return Stars(value, low, high)
