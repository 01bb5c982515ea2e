"""Whether a person pressed the button of a survey's page, or a machine did. Pure.

What is held against a press is what a person's browser does not do. A person whom it hits by mistake (their company's
scanner calls itself by the same name as their browser) is asked to tap once more, and that tap counts: only a press
that no tap or key began is never taken.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from survey.evidence.visits import (
    SAME_VISIT,
    TOO_FAST,
    TRAPPED,
    AgentClass,
    Kind,
    Verdict,
    Visit,
    own_name,
    visitors_signs,
)

SHOWN, PRESSED = "shown", "pressed"
READS_THE_PAGE = 1.0  # seconds that a person needs at least to see that one more tap is asked for
NAMED_WAITS = 5.0  # seconds that one which calls itself a machine has to wait
_NOT_PEOPLE = frozenset({AgentClass.HEADLESS, AgentClass.SCANNER, AgentClass.PREVIEW})


def judge_press(press: Visit, visits: Sequence[Visit], *, asked_again: float | None = None) -> Verdict:
    """Who pressed the button. `press.details` holds `fetch` and `waited`: seconds since the page, None if never shown.

    `visits` is everything that was seen on the link; what lies more than SAME_VISIT away is left out. `asked_again`:
    seconds since this visitor was asked to tap once more, None if this is its first press.

    MACHINE must not count. UNSURE counts as long as nothing else is seen of this visitor.
    """
    near = [visit for visit in visits if abs(visit.at - press.at) <= SAME_VISIT]
    scripted, named = _scripted(press), _named(press)
    facts = (*named, *_told_by_visits(press, near))
    needed = NAMED_WAITS if named else READS_THE_PAGE
    if scripted:
        return Verdict(Kind.MACHINE, (*scripted, *facts))
    if asked_again is not None and asked_again >= needed:
        return Verdict(Kind.PERSON, (f"Tapped once more, {asked_again:.0f} s after being asked to.",))
    if facts:
        return Verdict(Kind.MACHINE, facts)
    return _without_facts(press)


def judged(
    user_agent: str,
    fetch: Mapping[str, str],
    visits: Sequence[Visit],
    now: datetime,
    asked_again: float | None = None,
    *,
    is_answer: bool = True,
) -> tuple[Visit, Verdict]:
    """A press of the button that comes `now`, as evidence keeps it, and what it looks like.

    `is_answer`: only a page that was shown has the button; others stand on pages of which no evidence is kept.
    """
    press = Visit(kind=PRESSED, at=now, user_agent=user_agent)
    since = waited(press, visits)
    if since is None and not is_answer:
        since = 0.0
    seen = {"fetch": dict(fetch), "waited": since, "again": asked_again}
    press = Visit(kind=PRESSED, at=now, user_agent=user_agent, details=seen)
    return press, judge_press(press, visits, asked_again=asked_again)


def _without_facts(press: Visit) -> Verdict:
    waited = press.details.get("waited")
    if press.agent in {AgentClass.SCRIPT, AgentClass.NAMELESS}:
        return Verdict(Kind.UNSURE, ("A script that makes no secret of it filled in the form.",))
    if waited is not None and waited < TOO_FAST:
        return Verdict(Kind.UNSURE, (f"Pressed {waited:.1f} s after the page was shown.",))
    return Verdict(Kind.PERSON, ("Somebody tapped the button of the page they had been shown.",))


def _scripted(press: Visit) -> tuple[str, ...]:
    """Signs that no tap and no key press sent the form. Browsers say so since 2020, Safari since 2023."""
    mode, site = press.fetch.get("Sec-Fetch-Mode"), press.fetch.get("Sec-Fetch-Site")
    if press.agent is not AgentClass.BROWSER and press.agent not in _NOT_PEOPLE:
        return ()
    found = []
    if mode is not None and mode != "navigate":
        found.append(f"A script sent the answer, not a form (Sec-Fetch-Mode: {mode}).")
    elif mode is not None and press.fetch.get("Sec-Fetch-User") != "?1":
        found.append("A script pressed the button: no tap and no key press came before it.")
    if site == "cross-site":
        found.append("The answer was sent from a page that is not ours.")
    return tuple(found)


def _named(press: Visit) -> tuple[str, ...]:
    named = press.agent in _NOT_PEOPLE
    return (f"It calls itself a {press.agent.value} ({own_name(press.user_agent)}).",) if named else ()


def _told_by_visits(press: Visit, near: Sequence[Visit]) -> tuple[str, ...]:
    """What else the visitor did. Scripts that say what they are share names with each other: only the trap tells."""
    own = [visit for visit in near if visit.user_agent == press.user_agent]
    if press.agent in {AgentClass.SCRIPT, AgentClass.NAMELESS}:
        own = [visit for visit in own if visit.kind == TRAPPED]
        return visitors_signs(own).get(press.user_agent, ())
    found = visitors_signs(near).get(press.user_agent, ())
    if not found and press.details.get("waited") is None:
        return ("The answer came from a browser that was never shown the page.",)
    return found


def waited(press: Visit, visits: Sequence[Visit]) -> float | None:
    """Seconds from the latest page that was shown to this visitor to its press; None if it was shown none."""
    shown = [visit.at for visit in visits if visit.kind == SHOWN and visit.user_agent == press.user_agent]
    gap: timedelta | None = press.at - max(shown) if shown else None
    return max(gap.total_seconds(), 0.0) if gap is not None else None
