"""May we ask this contact about this job? Every rule answers, and says why in plain words. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from survey.asking.rotation import Budget, fair_turn
from survey.asking.schedule import too_late_at
from survey.asking.terms import Decision, Facts, Outcome, Policy, Verdict
from survey.sampling import ALL, share_in_words

QUARTER_DAYS = 91  # "ask me less": at most once in so many


@dataclass(frozen=True)
class _Case:
    facts: Facts
    policy: Policy
    now: datetime
    at: datetime  # when the email would go out: rest and budget are counted up to then

    def day(self, moment: datetime) -> str:
        local, today = moment.astimezone(self.policy.zone), self.now.astimezone(self.policy.zone)
        return f"{local.day} {local:%B}" + ("" if local.year == today.year else f" {local.year}")


_EXCLUSIONS = {
    "spam": "The job was marked as spam, so nobody is asked about it.",
    "auto_closed": "The job was closed automatically, so there is nothing to ask about.",
    "internal": "The job was marked as internal work.",
    "other": "The job was marked never to be surveyed.",
}


def _excluded(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if facts.exclusion:
        return False, _EXCLUSIONS.get(facts.exclusion, _EXCLUSIONS["other"])
    if facts.internal_client:
        return False, f"{facts.client_name or 'This client'} is marked as internal, and we do not survey ourselves."
    return True, "Nobody marked the job or the client as one never to survey."


def _kind(case: _Case) -> tuple[bool, str]:
    kind = case.facts.kind
    if kind.casefold() in case.policy.excluded_kinds and kind:
        return False, f"Jobs of the kind “{kind}” are not surveyed."
    return True, f"Jobs of the kind “{kind}” are surveyed." if kind else "The job has no kind, so no kind rules it out."


def _drawn(case: _Case) -> tuple[bool, str]:
    kind, share = case.facts.kind, case.policy.share_for(case.facts.kind)
    if share >= ALL:
        return True, f"Every job of the kind “{kind}” is asked about." if kind else "Every job is asked about."
    jobs = f"“{kind}” jobs" if kind else "jobs without a kind"
    if share <= 0:
        return False, f"None of the {jobs} are asked about."
    drawn, told = case.facts.draw < share, share_in_words(share)
    is_are = "is" if told.startswith("1 ") else "are"
    return drawn, f"{told} {jobs} {is_are} asked about; this one was {'' if drawn else 'not '}drawn."


def _closed(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if facts.reopened_at:
        return False, f"The job was opened again on {case.day(facts.reopened_at)}."
    return True, f"The job was closed on {case.day(facts.completed_at)} and is still closed."


def _answered(case: _Case) -> tuple[bool, str]:
    if case.facts.answered_at:
        return False, f"{case.facts.person} answered about this job on {case.day(case.facts.answered_at)}."
    return True, "There is no answer about this job yet."


def _too_old(case: _Case) -> tuple[bool, str]:
    policy, completed = case.policy, case.facts.completed_at
    limit = too_late_at(completed, policy.delay_for(case.facts.kind), policy.expire_after_days)
    if case.facts.first_due_at:
        limit = max(limit, case.facts.first_due_at + timedelta(days=policy.expire_after_days))
    if case.now >= limit:
        ago = count((case.now - completed).days, "day")
        return False, f"The job was closed on {case.day(completed)}, {ago} ago: too long ago to ask about it."
    return True, f"The job is recent enough to ask about until {case.day(limit)}."


def _address(case: _Case) -> tuple[bool, str]:
    email = case.facts.email
    problem = address_problem(email)
    if problem:
        return False, f"“{email}” is not a valid address: {problem}"
    return True, f"{email} is a valid address."


def _still_there(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if facts.left_at and facts.left_at <= case.at:
        return False, f"{facts.person} left {facts.client_name or 'the client'} on {case.day(facts.left_at)}."
    if facts.wrong_at and facts.wrong_at <= case.at:
        return False, f"{facts.person} is not the one to ask there, as we know since {case.day(facts.wrong_at)}."
    return True, f"{facts.person} is still with {facts.client_name or 'the client'}, as far as we know."


_UNSUBSCRIBED = {
    "unsubscribed": "unsubscribed from our surveys",
    "complained": "reported one of our emails as spam",
    "manual": "was put on the list of people we do not write to",
}


def _unsubscribed(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if facts.mail_block in _UNSUBSCRIBED:
        return False, f"{facts.person} {_UNSUBSCRIBED[facts.mail_block]}{_since(case)}."
    return True, f"{facts.person} has not unsubscribed or complained."


def _bounced(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if facts.mail_block == "bounced":
        return False, f"Our email to {facts.email} came back{_since(case)}; the address does not work."
    return True, f"No email to {facts.email or 'this address'} has come back."


def _since(case: _Case) -> str:
    return f" on {case.day(case.facts.mail_blocked_at)}" if case.facts.mail_blocked_at else ""


def _rested(case: _Case) -> tuple[bool, str]:
    facts, days = case.facts, case.policy.contact_rest_days
    if facts.last_asked_at is None or days <= 0:
        return True, f"{facts.person} was not asked in the last {count(days, 'day')}."
    told = f"{facts.person} was last asked on {case.day(facts.last_asked_at)}, {_ago(case.now, facts.last_asked_at)}"
    if case.at < facts.last_asked_at + timedelta(days=days):
        return False, f"{told}; we rest {count(days, 'day')}."
    return True, f"{told}, longer than the {count(days, 'day')} we rest."


def _less(case: _Case) -> tuple[bool, str]:
    facts = case.facts
    if not facts.asks_less:
        return True, f"{facts.person} did not ask to be asked less."
    told = f"{facts.person} wants to be asked at most once in three months"
    if facts.last_asked_at and case.at < facts.last_asked_at + timedelta(days=QUARTER_DAYS):
        return False, f"{told}, and was last asked on {case.day(facts.last_asked_at)}."
    return True, f"{told}, and was not asked in that time."


def _budget(case: _Case) -> tuple[bool, str]:
    policy = case.policy
    since = case.at - timedelta(days=policy.client_budget_days)
    used = sum(1 for moment in case.facts.client_asked if moment > since)
    name, days = case.facts.client_name or "This client", count(policy.client_budget_days, "day")
    told = f"{name} got {count(used, 'survey')} in {days}; the most we send is {policy.client_budget}."
    return used < policy.client_budget, told


def _turn(case: _Case) -> tuple[bool, str]:
    policy, facts = case.policy, case.facts
    since = case.at - timedelta(days=policy.client_budget_days)
    asked = zip(facts.client_asked, facts.client_asked_whom, strict=False)
    budget = Budget(policy.client_budget, tuple(whom for moment, whom in asked if moment > since))
    if not budget.free:
        return True, "Whose turn it is does not matter: the budget is used up."
    return fair_turn(facts.asking, budget, facts.client_waiting, facts.client_deciders)


def _hurting(case: _Case) -> tuple[bool, str]:
    facts, name = case.facts, case.facts.client_name or "This client"
    if not case.policy.hold_while_hurting:
        return True, "Surveys are not held back while a client is flagged; the firm's settings say so."
    if facts.held_at is None:
        return True, f"{name} has no open flag."
    reason = f" ({facts.held_reason.rstrip('.')})" if facts.held_reason else ""
    return False, f"{name} has an open flag since {case.day(facts.held_at)}{reason}; we look after that first."


@dataclass(frozen=True)
class _Rule:
    name: str
    check: Callable[[_Case], tuple[bool, str]]
    failing: Outcome = Outcome.SKIP
    a_manager_may_override: bool = False


RULES = (
    _Rule("not excluded", _excluded),
    _Rule("eligible kind", _kind, a_manager_may_override=True),
    _Rule("drawn", _drawn, a_manager_may_override=True),
    _Rule("job still closed", _closed),
    _Rule("not answered yet", _answered),
    _Rule("recent enough", _too_old),
    _Rule("valid address", _address),
    _Rule("contact still there", _still_there),
    _Rule("not unsubscribed", _unsubscribed),
    _Rule("not bounced", _bounced),
    _Rule("contact rested", _rested, a_manager_may_override=True),
    _Rule("not too often for them", _less),
    _Rule("client budget", _budget, a_manager_may_override=True),
    _Rule("fair turn", _turn, a_manager_may_override=True),
    _Rule("not hurting", _hurting, failing=Outcome.HOLD, a_manager_may_override=True),
)


def decide(
    facts: Facts, policy: Policy, now: datetime, *, at: datetime | None = None, forced: bool = False
) -> Decision:
    """Ask every rule about sending at `at` (default: now). `forced`: a manager said “send now”.

    A forced survey passes kind, draw, rest, budget and hurting; nothing overrides the others. One failing rule that
    skips outweighs any that holds; the reason is the first failing rule's.
    """
    case = _Case(facts, policy, now, max(at or now, now))
    verdicts, stops = [], []
    for rule in RULES:
        passed, why = rule.check(case)
        verdict = Verdict(rule.name, passed, why)
        if not passed and forced and rule.a_manager_may_override:
            verdict = replace(verdict, passed=True, why=f"{why} A manager chose to send it anyway.")
        verdicts.append(verdict)
        if not verdict.passed:
            stops.append((rule.failing, why))
    for outcome in (Outcome.SKIP, Outcome.HOLD):
        if reasons := [why for failing, why in stops if failing is outcome]:
            return Decision(outcome, tuple(verdicts), reasons[0])
    return Decision(Outcome.ASK, tuple(verdicts), "Every rule agrees." if not forced else "A manager chose to send it.")


@lru_cache(maxsize=4096)
def address_problem(email: str) -> str | None:
    """What is wrong with an address's form, in English; None when it could work. Nothing is looked up.

    The reserved names `.example` and `.test` count as valid: rehearsals and demo firms use them.
    """
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return str(error)
    return None


def count(number: int, noun: str) -> str:
    """`1 day`, `2 days`, `no days`."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")


def _ago(now: datetime, then: datetime) -> str:
    days = (now - then).days
    return "today" if days < 1 else "yesterday" if days == 1 else f"{count(days, 'day')} ago"
