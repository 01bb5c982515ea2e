"""The ladder: new, customer, client, advocate, cooling, lapsed. Open rules; every move carries its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from analysis.relationships.evidence import Evidence, Response, days_between
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules
from analysis.relationships.rhythm import Rhythm, visits
from analysis.relationships.wording import plural, short_day

NEW, CUSTOMER, CLIENT, ADVOCATE, COOLING, LAPSED = "new", "customer", "client", "advocate", "cooling", "lapsed"
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Standing:
    """A rung and, in one sentence, why."""

    rung: str
    reason: str
    later: str = ""  # the rung they would stand on, were it not for the least stay


@dataclass(frozen=True)
class Before:
    """Where the client stood until now: the rung and since when, the last rung that was not cooling or lapsed, and the
    severity of the live flag."""

    rung: str | None = None
    was: str | None = None
    live_severity: str | None = None
    since: datetime | None = None

    def then(self, rung: str, severity: str | None, at: datetime) -> "Before":
        """What stands before the next look, when `rung` and a flag of `severity` were found at `at`."""
        was = self.was if rung in {COOLING, LAPSED} else rung
        return Before(rung, was, severity, self.since if rung == self.rung else at)

    def stayed(self, now: datetime) -> float:
        """Days on this rung; endless when nobody knows since when."""
        return days_between(self.since, now) if self.since else float("inf")


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
    severity: str | None,
    now: datetime,
    before: Before,
    rules: LadderRules = DEFAULT_RULES,
) -> Standing:
    """Where the client stands; `severity` is that of the flag found at `now`.

    Steps up, cooling and lapsing come at once. A rung once reached is kept by the lower of each pair of thresholds and
    for `least_stay_days`; from cooling only evidence that they are back leads up. So nobody flickers between rungs.
    """
    if not evidence.jobs:
        return Standing(NEW, "No job finished yet.")
    if has_lapsed(evidence, rhythm, now, rules):
        return Standing(LAPSED, _lapsed_reason(evidence, now))
    grown = _grown(evidence, now, before.was or before.rung, rules)
    if grown.rung in {CLIENT, ADVOCATE} or before.was in {CLIENT, ADVOCATE} or before.rung == COOLING:
        cooling = _cooling(evidence, rhythm, severity, now, before, rules)
        if cooling:
            return Standing(COOLING, cooling)
    if is_lower(before.rung, grown.rung) and before.stayed(now) < rules.least_stay_days and before.rung:
        reason = f"{grown.reason} Stays for {rules.least_stay_days} days at least."
        return Standing(before.rung, reason, later=grown.rung)
    return grown


def is_lower(before: str | None, after: str) -> bool:
    """Whether `after` is a lower rung, cooling and lapsing apart."""
    order = {NEW: 0, CUSTOMER: 1, CLIENT: 2, ADVOCATE: 3}
    return before in order and after in order and order[after] < order[before]


def _grown(evidence: Evidence, now: datetime, before: str | None, rules: LadderRules) -> Standing:
    recent = evidence.jobs_since(now - YEAR)
    if days_between(evidence.jobs[0].completed_at, now) < rules.new_days and len(visits(evidence)) == 1:
        return Standing(NEW, f"First job on {short_day(evidence.jobs[0].completed_at)}.")
    needed = rules.client_jobs_keep if before in {CLIENT, ADVOCATE, COOLING} else rules.client_jobs
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
    rated = [r for r in _last(evidence, "csat", 3) if now - r.at <= YEAR]
    if not rated or any(response.numbers["csat"] >= rules.trusting_csat for response in rated[-2:]):
        return ""
    if any(response.numbers["csat"] <= rules.distrust_csat for response in rated):
        return f"Rated you {rated[-1].numbers['csat']} of 5 lately."
    if len(rated) == 3:
        return f"The last three ratings were all below {rules.trusting_csat} of 5."
    return ""


def _recommends(evidence: Evidence, now: datetime, before: str | None, rules: LadderRules) -> str:
    if any(days_between(at, now) <= rules.referral_days for at in evidence.referred):
        return "Referred another client to you."
    already = before == ADVOCATE
    counts = rules.advocate_days_keep if already else rules.advocate_days
    said = [(r.at, r.numbers["nps"]) for r in _last(evidence, "nps", 2)]
    if not said or days_between(said[-1][0], now) > counts or said[-1][1] <= rules.detractor_nps:
        return ""
    best = max(nps for _, nps in said[-2:]) if already else said[-1][1]
    if best >= (rules.advocate_nps_keep if already else rules.advocate_nps):
        return f"Would recommend you ({said[-1][1]} of 10 on {short_day(said[-1][0])})."
    return ""


def _last(evidence: Evidence, question: str, count: int) -> list[Response]:
    """The last `count` responses that answer this question, oldest first."""
    newest = islice((r for r in reversed(evidence.responses) if question in r.numbers), count)
    return list(newest)[::-1]


def _cooling(
    evidence: Evidence, rhythm: Rhythm | None, severity: str | None, now: datetime, before: Before, rules: LadderRules
) -> str:
    """Why this client is cooling, or still is; nothing when they are not."""
    if rhythm and rules.overdue.holds(rhythm):
        return f"No job for {rhythm.waiting:.0f} days; usually every {max(1.0, rhythm.usual_gap):.0f}."
    still = before.rung == COOLING and severity and rules.cooling_severities
    if severity in rules.cooling_severities or still:
        return f"At risk: a {severity} flag stands."
    if before.rung != COOLING:
        return ""
    if before.since and not _back_since(evidence, before.since, rules):
        return f"Cooling since {short_day(before.since)}; no job and no good answer since."
    if before.stayed(now) < rules.cooling_stay_days:
        return f"Coming back; cooling for {rules.cooling_stay_days} days at least."
    return ""


def _back_since(evidence: Evidence, since: datetime, rules: LadderRules) -> bool:
    """Whether anything says that they are back: a job, a good answer, or a person who closed their flag."""
    return (
        any(job.completed_at > since for job in evidence.jobs)
        or any(r.at > since and r.numbers.get("csat", 0) >= rules.trusting_csat for r in evidence.responses)
        or any(settled.at > since and not settled.lost for settled in evidence.settlements)
    )


def _lapsed_reason(evidence: Evidence, now: datetime) -> str:
    last = evidence.jobs[-1].completed_at
    settled = evidence.last_settlement()
    if settled is not None and settled.lost and last <= settled.at:
        return f"Closed as lost on {short_day(settled.at)}, and no job since."
    return f"No job for {days_between(last, now):.0f} days, the last on {short_day(last)}."
