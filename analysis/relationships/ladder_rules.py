"""The ladder's rules as a manager reads and edits them: every threshold with its sentence and its bounds. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from analysis.relationships.rhythm import LONG_OVERDUE, LongOverdue
from survey.errors import InvalidInputError

FLAGS_THAT_COOL = {
    "severe": ("severe",),
    "high": ("severe", "high"),
    "moderate": ("severe", "high", "moderate"),
    "never": (),
}


@dataclass(frozen=True)
class LadderRules:
    """Every threshold of the ladder. What ends in `_keep` is the lower bar that keeps a rung once reached."""

    new_days: int = 60
    client_jobs: int = 3  # in the last 12 months
    client_jobs_keep: int = 2
    trusting_csat: int = 4
    distrust_csat: int = 2
    advocate_nps: int = 9
    advocate_nps_keep: int = 8  # kept unless the last two both lie below it
    detractor_nps: int = 6  # one answer this low ends an advocate's rung at once
    advocate_days: int = 270  # how long a recommendation counts
    advocate_days_keep: int = 540
    referral_days: int = 365
    least_stay_days: int = 90  # on a rung before stepping down from it, cooling and lapsing apart
    overdue_gaps: float = LONG_OVERDUE.gaps  # what is too long by their own rhythm
    overdue_days: int = LONG_OVERDUE.days
    cooling_flags: str = "high"  # a live flag of this severity or a graver one is cooling too
    cooling_stay_days: int = 30  # at least, and then until a job, a good answer or a flag closed as dealt with
    lapsed_days: int = 180
    lapsed_rhythms: float = 3.0

    @cached_property
    def overdue(self) -> LongOverdue:
        """A silence that no holiday explains."""
        return LongOverdue(LONG_OVERDUE.chance, self.overdue_gaps, self.overdue_days)

    @property
    def cooling_severities(self) -> tuple[str, ...]:
        return FLAGS_THAT_COOL[self.cooling_flags]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


DEFAULT_RULES = LadderRules()


@dataclass(frozen=True)
class Threshold:
    """One number of the rules: its name in a sentence, the unit that follows it, and what it may be."""

    name: str
    label: str
    unit: str
    least: float
    most: float
    whole: bool = True

    def shown(self, value: float) -> str:
        """`3 jobs in 12 months`."""
        return f"{value:g} {self.unit}"


@dataclass(frozen=True)
class RungRules:
    """The rules of one rung, in a person's words, and the thresholds in them."""

    rung: str
    meaning: str
    thresholds: tuple[Threshold, ...]


RUNG_RULES = (
    RungRules(
        "new",
        "Somebody whose first job is behind them, and nothing more yet.",
        (Threshold("new_days", "New for", "days after a first job", 7, 365),),
    ),
    RungRules(
        "client",
        "Somebody who comes back, answers, and trusts you. Without an answer they stay a customer, however often they "
        "come; so do those who last rated you badly.",
        (
            Threshold("client_jobs", "Becomes a client with", "jobs in the last 12 months", 2, 50),
            Threshold("client_jobs_keep", "Stays one with", "jobs in the last 12 months", 1, 50),
            Threshold("trusting_csat", "Trusts you who rates", "of 5 or more, in one of the last two ratings", 3, 5),
            Threshold("distrust_csat", "Distrusts you who rated", "of 5 or less, with no good rating since", 1, 3),
        ),
    ),
    RungRules(
        "advocate",
        "A client who recommends you, or has sent you somebody.",
        (
            Threshold("advocate_nps", "Becomes an advocate by recommending you with", "of 10 or more", 7, 10),
            Threshold("advocate_nps_keep", "Stays one while one of the last two is", "of 10 or more", 5, 10),
            Threshold("detractor_nps", "Is one no longer after a single", "of 10 or less", 0, 8),
            Threshold("advocate_days", "A recommendation makes an advocate for", "days", 30, 1_000),
            Threshold("advocate_days_keep", "and keeps one for", "days", 30, 1_500),
            Threshold("referral_days", "Having sent you somebody counts for", "days", 30, 1_500),
        ),
    ),
    RungRules(
        "cooling",
        "A client or advocate who is drifting away: too long without a job by their own rhythm, or a flag that stands.",
        (
            Threshold("overdue_gaps", "Cooling without a job for", "times their usual gap,", 1.5, 10, whole=False),
            Threshold("overdue_days", "and for at least", "days", 14, 365),
            Threshold("cooling_stay_days", "Cooling for at least", "days, then until they are back", 0, 180),
        ),
    ),
    RungRules(
        "lapsed",
        "Somebody who no longer comes, or whose flag you closed as lost.",
        (
            Threshold("lapsed_days", "Lapsed without a job for", "days,", 30, 1_000),
            Threshold("lapsed_rhythms", "and for at least", "times their usual gap", 1, 10, whole=False),
        ),
    ),
    RungRules(
        "customer",
        "Everybody else: buys once, or now and then.",
        (Threshold("least_stay_days", "Nobody steps down a rung before", "days on it (cooling apart)", 0, 365),),
    ),
)
THRESHOLDS = {threshold.name: threshold for rung in RUNG_RULES for threshold in rung.thresholds}
_IN_ORDER = (  # (not more than, not less than, why)
    ("client_jobs_keep", "client_jobs", "It cannot take more jobs to stay a client than to become one."),
    ("advocate_nps_keep", "advocate_nps", "It cannot take a higher answer to stay an advocate than to become one."),
    ("advocate_days", "advocate_days_keep", "A recommendation cannot count for longer at first than later."),
)
_APART = (  # (below, above, why)
    ("distrust_csat", "trusting_csat", "A rating cannot be distrust and trust at once."),
    ("detractor_nps", "advocate_nps_keep", "An answer cannot keep an advocate and end the rung at once."),
    ("overdue_days", "lapsed_days", "Cooling has to come before lapsing."),
)


def checked_rules(values: Mapping[str, Any]) -> LadderRules:
    """`values` by name as rules; what is not named is as delivered.

    Raises:
        InvalidInputError: outside its bounds, or at odds with another one; `field` names it.
    """
    known = {field.name for field in fields(LadderRules)}
    found: dict[str, Any] = {**DEFAULT_RULES.as_dict(), **{name: values[name] for name in values if name in known}}
    if found["cooling_flags"] not in FLAGS_THAT_COOL:
        raise InvalidInputError("Please choose one of these.", "cooling_flags")
    for name, threshold in THRESHOLDS.items():
        found[name] = _number(threshold, found[name])
    for lower, upper, why in _IN_ORDER:
        if found[lower] > found[upper]:
            raise InvalidInputError(why, lower)
    for lower, upper, why in _APART:
        if found[lower] >= found[upper]:
            raise InvalidInputError(why, lower)
    return LadderRules(**found)


def _number(threshold: Threshold, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidInputError("Please write a number.", threshold.name) from None
    if not threshold.least <= number <= threshold.most:
        raise InvalidInputError(f"From {threshold.least:g} to {threshold.most:,g}, please.", threshold.name)
    if threshold.whole and number != int(number):
        raise InvalidInputError("A whole number, please.", threshold.name)
    return int(number) if threshold.whole else number


@dataclass(frozen=True)
class RuleChange:
    """One threshold before and after, as a sentence would say it."""

    label: str
    before: str
    after: str


def rule_changes(before: LadderRules, after: LadderRules) -> list[RuleChange]:
    """What differs between two sets of rules, in the order of the page."""
    old, new = before.as_dict(), after.as_dict()
    changed = [
        RuleChange(threshold.label, f"{old[name]:g}", threshold.shown(new[name]))
        for name, threshold in THRESHOLDS.items()
        if old[name] != new[name]
    ]
    if old["cooling_flags"] != new["cooling_flags"]:
        words = {key: ", ".join(severities) or "no flag" for key, severities in FLAGS_THAT_COOL.items()}
        changed.append(RuleChange("Flags that are cooling", words[before.cooling_flags], words[after.cooling_flags]))
    return changed
