"""The ladder: new, customer, client, advocate, cooling, lapsed. Open rules; every move carries its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.relationships.evidence import Evidence, days_between, plural, short_day
from analysis.relationships.rhythm import Rhythm, visits

NEW, CUSTOMER, CLIENT, ADVOCATE, COOLING, LAPSED = "new", "customer", "client", "advocate", "cooling", "lapsed"
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class LadderRules:
    """Every threshold of the ladder. The second number of a pair is the lower bar that keeps a rung once reached."""

    new_days: int = 60
    client_jobs: tuple[int, int] = (3, 2)  # jobs in the last 12 months
    trusting_csat: int = 4
    distrust_csat: int = 2
    advocate_nps: int = 9
    advocate_days: tuple[int, int] = (270, 365)  # how long a recommendation counts
    referral_days: int = 365
    cooling_chance: float = 0.05  # a gap so long has at most this chance by their own rhythm
    cooling_risk: tuple[float, float] = (0.5, 0.32)
    cooling_least_days: int = 30
    lapsed_days: int = 180
    lapsed_rhythms: float = 3.0


DEFAULT_RULES = LadderRules()


@dataclass(frozen=True)
class Standing:
    """A rung and, in one sentence, why."""

    rung: str
    reason: str


def lapsed_after(rhythm: Rhythm | None, rules: LadderRules = DEFAULT_RULES) -> float:
    """Days without a job after which a client has lapsed: 180, or three of their own usual gaps."""
    return max(float(rules.lapsed_days), rules.lapsed_rhythms * rhythm.usual_gap if rhythm else 0.0)


def has_lapsed(evidence: Evidence, rhythm: Rhythm | None, now: datetime, rules: LadderRules = DEFAULT_RULES) -> bool:
    """Whether the client is gone: no job for `lapsed_after` days, or a person said so and no job came since."""
    if not evidence.jobs:
        return False
    last_job = evidence.jobs[-1].completed_at
    settled = evidence.last_settlement()
    if settled is not None and settled.lost and last_job <= settled.at:
        return True
    return days_between(last_job, now) > lapsed_after(rhythm, rules)


def stand(
    evidence: Evidence,
    rhythm: Rhythm | None,
    risk: float,
    now: datetime,
    *,
    before: str | None = None,
    was: str | None = None,
    rules: LadderRules = DEFAULT_RULES,
) -> Standing:
    """Where the client stands. `before` is the rung until now, `was` the last rung that was not cooling or lapsed.

    A rung once reached is kept by the lower of each pair of thresholds, so that nobody flickers between two rungs.
    """
    if not evidence.jobs:
        return Standing(NEW, "No job finished yet.")
    if has_lapsed(evidence, rhythm, now, rules):
        return Standing(LAPSED, _lapsed_reason(evidence, now))
    grown = _grown(evidence, now, was or before, rules)
    if grown.rung in {CLIENT, ADVOCATE} or was in {CLIENT, ADVOCATE} or before == COOLING:
        cooling = _cooling(rhythm, risk, before == COOLING, rules)
        if cooling:
            return Standing(COOLING, cooling)
    return grown


def _grown(evidence: Evidence, now: datetime, before: str | None, rules: LadderRules) -> Standing:
    recent = [job for job in evidence.jobs if now - job.completed_at <= YEAR]
    if len(visits(evidence)) == 1 and days_between(evidence.jobs[0].completed_at, now) < rules.new_days:
        return Standing(NEW, f"First job on {short_day(evidence.jobs[0].completed_at)}.")
    needed = rules.client_jobs[1 if before in {CLIENT, ADVOCATE, COOLING} else 0]
    if len(recent) < needed:
        return Standing(CUSTOMER, f"{plural(len(recent), 'job')} in the last 12 months.")
    if not evidence.responses:
        return Standing(CUSTOMER, f"{plural(len(recent), 'job')} in the last 12 months, but no answer yet.")
    distrust = _distrust(evidence, now, rules)
    if distrust:
        return Standing(CUSTOMER, distrust)
    recommends = _recommends(evidence, now, before, rules)
    if recommends:
        return Standing(ADVOCATE, f"{recommends} {plural(len(recent), 'job')} in the last 12 months.")
    return Standing(CLIENT, f"{plural(len(recent), 'job')} in the last 12 months, answers, and trusts you.")


def _distrust(evidence: Evidence, now: datetime, rules: LadderRules) -> str:
    """Why this client does not trust the firm, or nothing: a good one among the last two ratings is trust."""
    rated = [r for r in evidence.responses if "csat" in r.numbers and now - r.at <= YEAR][-3:]
    if not rated or any(response.numbers["csat"] >= rules.trusting_csat for response in rated[-2:]):
        return ""
    if any(response.numbers["csat"] <= rules.distrust_csat for response in rated):
        return f"Rated you {rated[-1].numbers['csat']} of 5 lately."
    if len(rated) == 3:
        return "The last three ratings were all below 4 of 5."
    return ""


def _recommends(evidence: Evidence, now: datetime, before: str | None, rules: LadderRules) -> str:
    if any(days_between(at, now) <= rules.referral_days for at in evidence.referred):
        return "Referred another client to you."
    counts = rules.advocate_days[1 if before == ADVOCATE else 0]
    said = [(r.at, r.numbers["nps"]) for r in evidence.responses if "nps" in r.numbers]
    if said and said[-1][1] >= rules.advocate_nps and days_between(said[-1][0], now) <= counts:
        return f"Would recommend you ({said[-1][1]} of 10 on {short_day(said[-1][0])})."
    return ""


def _cooling(rhythm: Rhythm | None, risk: float, already: bool, rules: LadderRules) -> str:
    chance = rules.cooling_chance * (2 if already else 1)
    if rhythm and rhythm.chance <= chance and rhythm.waiting >= rules.cooling_least_days:
        return f"No job for {rhythm.waiting:.0f} days; they usually come every {max(1.0, rhythm.usual_gap):.0f} days."
    if risk >= rules.cooling_risk[1 if already else 0]:
        return f"The relationship is at risk ({risk:.0%})."
    return ""


def _lapsed_reason(evidence: Evidence, now: datetime) -> str:
    last = evidence.jobs[-1].completed_at
    settled = evidence.last_settlement()
    if settled is not None and settled.lost and last <= settled.at:
        return f"Closed as lost on {short_day(settled.at)}, and no job since."
    return f"No job for {days_between(last, now):.0f} days, the last on {short_day(last)}."
