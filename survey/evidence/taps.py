"""One more tap, which tells a person from a machine; and the buttons that are no answer: what they do waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from survey import tokens
from survey.evidence.presses import judged
from survey.evidence.records import AGENT_LENGTH, record_visit, visits_of
from survey.evidence.visits import Kind
from survey.models import Invitation, SurveyEventKind

_PURPOSE = "tap-again"
_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came with a press of the button: User-Agent, fetch headers, and what `ask_again` gave the page it was on."""

    user_agent: str
    fetch: Mapping[str, str] = field(default_factory=dict)
    again: str = ""


def weigh_repair(session: Session, invitation: Invitation, request: Request, now: datetime) -> str:
    """Judge a press that puts something right: "" if a person may have made it, else what the second tap has to bring.

    What a machine pressed is kept as evidence, and nothing is done.
    """
    visits = visits_of(session, [invitation.id])[invitation.id]
    asked, agent = since_asked(invitation, request.again, now), request.user_agent[:AGENT_LENGTH]
    press, verdict = judged(agent, request.fetch, visits, now, asked, is_answer=False)
    if verdict.kind is not Kind.MACHINE:
        return ""
    told = {"fetch": press.details["fetch"], "waited": press.details["waited"], "page": "repair"}
    record_visit(session, invitation, SurveyEventKind.PRESSED, now, request.user_agent, **told)
    return ask_again(invitation, now)


def ask_again(invitation: Invitation, now: datetime) -> str:
    """The moment at which a visitor was asked to tap once more, so that nobody can make one up."""
    moment = str(int(now.timestamp() * _MILLISECONDS))
    return f"{moment}.{tokens.derive(invitation.seed, _PURPOSE, moment)}"


def since_asked(invitation: Invitation, again: str, now: datetime) -> float | None:
    """Seconds since `again` was given out; None if it was not, or not for this survey."""
    moment, _, proof = again.partition(".")
    if not (moment.isascii() and moment.isdigit()) or len(moment) > len(str(int(now.timestamp()))) + 3:
        return None
    if proof != tokens.derive(invitation.seed, _PURPOSE, moment):
        return None
    return now.timestamp() - int(moment) / _MILLISECONDS
