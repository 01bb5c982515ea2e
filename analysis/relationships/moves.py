"""What a place on the ladder rests on, and the next step that the evidence suggests. Pure.

The steps are ours. They follow one order: first put right what hurts, then ask, then deepen.
"""

from datetime import datetime

from analysis.relationships.evidence import Evidence, Quote, Response
from analysis.relationships.ladder import ADVOCATE, CLIENT, COOLING, CUSTOMER, LAPSED, NEW, YEAR, Standing
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules
from analysis.relationships.wording import plural, short_day

LATEST_JOBS, LATEST_ANSWERS = 3, 2


def rests_on(rung: str, evidence: Evidence, now: datetime) -> tuple[Quote, ...]:
    """The dated facts that a person can check, newest first: jobs, answers, a referral, how a flag ended."""
    jobs = [
        Quote(f"Job done: {job.name or 'a job'}", job.completed_at, f"job/{job.id}")
        for job in evidence.jobs[-1 if rung in {COOLING, LAPSED, NEW} else -LATEST_JOBS :]
    ]
    answers = [Quote(_said(r), r.at, f"response/{r.id}") for r in _rated(evidence)[-LATEST_ANSWERS:]]
    referred = [Quote("Sent you somebody", at, "referral") for at in evidence.referred[-1:] if rung == ADVOCATE]
    settled = evidence.last_settlement()
    closed = [Quote("Flag closed as lost", settled.at, "flag")] if rung == LAPSED and settled and settled.lost else []
    known = [quote for quote in (*jobs, *answers, *referred, *closed) if quote.at <= now]
    return tuple(sorted(known, key=lambda quote: quote.at, reverse=True))


def next_step(
    standing: Standing,
    evidence: Evidence,
    now: datetime,
    *,
    severity: str | None = None,
    fell: bool = False,
    rules: LadderRules = DEFAULT_RULES,
) -> str:
    """What to do next for somebody who stands here, in one or two sentences; `fell`: they stood higher before."""
    low = _hurt(evidence, rules)
    who = _whom(evidence)
    if standing.rung == COOLING:
        if severity:
            return f"Call {who} and work off the flag: what hurts comes before anything new."
        last = f" The last job was on {short_day(evidence.jobs[-1].completed_at)}." if evidence.jobs else ""
        return f"Call {who} and ask how things are, without selling.{last}"
    if standing.rung == LAPSED:
        return f"Ask {who} once what happened, and write it down. If they wish, offer to begin again."
    if low is not None:
        return f"Call {who} about the {_said(low).lower()} of {short_day(low.at)} before the next job."
    steps = {NEW: _when_new, CUSTOMER: _when_customer, CLIENT: _when_client, ADVOCATE: _when_advocate}
    return steps[standing.rung](evidence, now, who, fell, rules)


def _when_new(evidence: Evidence, _now: datetime, who: str, _fell: bool, _rules: LadderRules) -> str:
    if not evidence.jobs:
        return "Nothing yet: wait for the first job."
    if not evidence.responses:
        return f"Ring {who} within two weeks of the first job: did it hold, and was anything unclear?"
    return f"Thank {who} for the answer, and say who looks after them from now on."


def _when_customer(evidence: Evidence, now: datetime, who: str, fell: bool, rules: LadderRules) -> str:
    recent = sum(now - job.completed_at <= YEAR for job in evidence.jobs)
    missing = rules.client_jobs - recent
    if fell:
        return f"Ask {who} what they need these days: they used to come more often."
    if missing > 0:
        needed = plural(missing, "more job")
        return f"{needed} within the year would make a client: offer {who} what their last job suggests."
    if not evidence.responses:
        return f"They come often and never answer: ask {who} in person how it goes."
    return f"Ask {who} what would earn their trust, and do that first."


def _when_client(evidence: Evidence, _now: datetime, who: str, fell: bool, rules: LadderRules) -> str:
    said = [r.numbers["nps"] for r in evidence.responses if "nps" in r.numbers]
    if fell and said:
        return f"Ask {who} what has changed since they recommended you; the last answer was {said[-1]} of 10."
    if fell:
        return f"Thank {who} again, and ask whether they would still recommend you."
    if not said:
        return f"Introduce {who} to the person who looks after them, and ask whether they would recommend you."
    return f"Ask {who} what would make the {said[-1]} of 10 a {max(rules.advocate_nps, min(10, said[-1] + 1))}."


def _when_advocate(evidence: Evidence, _now: datetime, who: str, _fell: bool, _rules: LadderRules) -> str:
    if evidence.referred:
        return f"Thank {who} for sending you somebody, and tell them how it went."
    return f"Thank {who}, and ask whom else you could help. Note it on this page when they send you somebody."


def _hurt(evidence: Evidence, rules: LadderRules) -> Response | None:
    """The last rating, if it was bad and nobody has spoken with them since."""
    rated = _rated(evidence)
    if not rated or evidence.contacted_since(rated[-1].at):
        return None
    return rated[-1] if rated[-1].numbers.get("csat", 5) <= rules.distrust_csat else None


def _rated(evidence: Evidence) -> list[Response]:
    return [response for response in evidence.responses if {"csat", "nps"} & response.numbers.keys()]


def _said(response: Response) -> str:
    words = [f"Rating {response.numbers['csat']} of 5"] if "csat" in response.numbers else []
    words += [f"recommends {response.numbers['nps']} of 10"] if "nps" in response.numbers else []
    return ", ".join(words).capitalize()


def _whom(evidence: Evidence) -> str:
    """Whom to call: somebody who decides and is still there, else anybody who is."""
    there = [person for person in evidence.people if person.left_at is None]
    chosen = next((person for person in there if person.decides), there[0] if there else None)
    return chosen.name if chosen and chosen.name else "them"
