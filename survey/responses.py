"""What clients confirmed on the survey page, and the evidence around it. History of other tools: `survey.history`.

Mail scanners open every link and replay what they saw posted. So only `submit` stores answers; a replay of the same
values changes nothing, and a post based on an older state with other values is refused (`StaleAnswersError`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from survey.errors import ConflictError, InvalidInputError
from survey.models import (
    Answer,
    Client,
    Invitation,
    InvitationState,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
    Touchpoint,
)
from survey.questionnaires import confidential, logic
from survey.questionnaires.answering import checked, checked_steps
from survey.questionnaires.document import Confidentiality, Document
from survey.questionnaires.versions import document_of

OPEN_STATES = frozenset({InvitationState.SENT, InvitationState.ANSWERED})
NOTHING_YET = "0"  # the version of a survey that has no answer
REPLY = "reply"  # the question of an answer that came by email; the next ones are `reply_2`, `reply_3`, …
_ASKED = OPEN_STATES | {InvitationState.EXPIRED}
_CONFIRMATIONS = (SurveyEventKind.CONFIRMED, SurveyEventKind.CHANGED)


class StaleAnswersError(ConflictError):
    """The answers were given on a page older than the answers we hold, and differ from them."""


class SurveyClosedError(ConflictError):
    """The survey takes no answers: not sent yet, withdrawn, cancelled or past its closing date."""


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether the survey takes answers."""
    return invitation.state in OPEN_STATES and now < invitation.expires_at


def find_response(session: Session, invitation: Invitation) -> SurveyResponse | None:
    """What this invitation's contact answered about its resolution, with answers and touchpoints loaded."""
    return session.scalar(
        select(SurveyResponse)
        .where(
            SurveyResponse.resolution_id == invitation.resolution_id,
            SurveyResponse.contact_id == invitation.contact_id,
        )
        .options(selectinload(SurveyResponse.answers), selectinload(SurveyResponse.touchpoints))
        .execution_options(populate_existing=True)  # asked again under the lock, it must see what others committed
    )


def version(session: Session, response: SurveyResponse | None) -> str:
    """Names the state of a response. It never comes back, so an old page is recognised even after A → B → A."""
    if response is None or (all(is_reply(a.question) for a in response.answers) and not response.touchpoints):
        return NOTHING_YET  # words that came by email contradict no page that is open somewhere
    confirmations = session.scalar(
        select(func.count())
        .select_from(SurveyEvent)
        .where(SurveyEvent.invitation_id == response.invitation_id, SurveyEvent.kind.in_(_CONFIRMATIONS))
    )
    return f"{response.id}.{confirmations}"


def answers_of(response: SurveyResponse | None) -> dict[str, int | str]:
    """Question → value, as confirmed."""
    found: dict[str, int | str] = {}
    for answer in response.answers if response else ():
        value = answer.text if answer.number is None else answer.number
        if value is not None:
            found[answer.question] = value
    return found


def steps_of(response: SurveyResponse | None) -> dict[str, int]:
    """Step of the promise → 1, −1 or 0, as confirmed."""
    return {touchpoint.step: touchpoint.value for touchpoint in (response.touchpoints if response else ())}


def record_event(
    session: Session, invitation: Invitation, kind: SurveyEventKind, now: datetime, user_agent: str = "", **details: Any
) -> SurveyEvent:
    """Append one piece of evidence."""
    event = SurveyEvent(invitation_id=invitation.id, kind=kind, at=now, user_agent=user_agent[:300], details=details)
    session.add(event)
    return event


def submit(
    session: Session,
    invitation: Invitation,
    answers: Mapping[str, int | str],
    steps: Mapping[str, int],
    now: datetime,
    user_agent: str = "",
    based_on: str | None = None,
    token: str = "",
    press: Mapping[str, Any] | None = None,
    late: bool = False,
) -> SurveyResponse:
    """Merge confirmed answers into the invitation's response: what is not named stays, an empty text goes,
    and so does what answers a question that the other answers no longer lead to.

    `based_on` is the `version` that the person saw; None merges into whatever is there. A replay of what is already
    stored changes nothing at all. `token` is the survey's link: what is confidential is kept under a code made from it.
    `press` is how the press of the button was judged, kept as evidence; `late` takes what was sent in time and held.

    Raises:
        InvalidInputError: a value outside its scale (`field` names the form field), or nothing to store at all.
        SurveyClosedError: the survey takes no answers now.
        StaleAnswersError: the answers changed since `based_on`, and these differ.
    """
    document = document_of(invitation.version)
    answers, steps = checked(document, answers), checked_steps(steps)
    session.refresh(invitation, with_for_update=True)  # two posts at once: the second sees what the first stored
    if not late and not is_open(invitation, now):
        raise SurveyClosedError(f"the survey of invitation {invitation.id} takes no answers")
    response = find_response(session, invitation)
    apart = confidential.of_document(document)
    before = {**answers_of(response), **_named(steps_of(response)), **confidential.read(session, token, apart)}
    after = {name: value for name, value in {**before, **answers}.items() if value != ""}
    answers |= dict.fromkeys(logic.unasked(document, after, {**steps_of(response), **steps}), "")
    if response is None and not steps and not any(value != "" for value in answers.values()):
        raise InvalidInputError("there is no answer in it")
    changed = _differences(before, answers, steps)
    if response is not None and not changed:
        return response
    if based_on is not None and based_on != version(session, response):
        raise StaleAnswersError(f"the answers of invitation {invitation.id} are newer than the page they came from")
    response = response or _new_response(session, invitation, now)
    told_apart = {name: answers[name] for name in answers.keys() & set(changed) if name.partition(".")[0] in apart}
    confidential.keep(session, token, invitation.version_id, told_apart, now)
    _merge(response, document, {n: v for n, v in answers.items() if n not in told_apart}, steps, changed, now)
    _mark_answered(session, invitation, response, now)
    kind = SurveyEventKind.CHANGED if before.keys() & set(changed) else SurveyEventKind.CONFIRMED
    seen = {"press": dict(press)} if press else {}
    named = [name for name in changed if name not in told_apart]
    record_event(session, invitation, kind, now, user_agent, changed=named, **seen)
    session.flush()
    return response


def add_reply(session: Session, invitation: Invitation, words: str, now: datetime) -> Answer | None:
    """Append what somebody wrote back by email as a further comment, beside whatever was confirmed; None if an earlier
    reply says the same.

    It may come long after the survey closed. One that nobody had answered counts as answered by it.
    """
    session.refresh(invitation, with_for_update=True)
    response = find_response(session, invitation)
    replies = [answer for answer in response.answers if is_reply(answer.question)] if response else []
    if any(answer.text == words for answer in replies):
        return None
    response = response or _new_response(session, invitation, now)
    number = len(replies) + 1
    answer = Answer(question=REPLY if number == 1 else f"{REPLY}_{number}", text=words, answered_at=now)
    response.answers.append(answer)
    if invitation.state in _ASKED:
        _mark_answered(session, invitation, response, now)
    else:
        session.get_one(Client, invitation.client_id).add_evidence()
    record_event(session, invitation, SurveyEventKind.REPLIED, now, question=answer.question)
    session.flush()
    return answer


def is_reply(question: str) -> bool:
    """Whether an answer's question says that it came by email: `reply`, `reply_2`, …"""
    return question == REPLY or question.startswith(f"{REPLY}_")


def _named(steps: Mapping[str, int]) -> dict[str, int]:
    return {f"step_{step}": value for step, value in steps.items()}


def _differences(
    before: Mapping[str, int | str], answers: Mapping[str, int | str], steps: Mapping[str, int]
) -> list[str]:
    """The form fields whose value would change. An empty comment where there was none is no difference."""
    wanted = {**answers, **_named(steps)}
    return sorted(
        field for field, value in wanted.items() if (before.get(field) != value if value != "" else field in before)
    )


def _new_response(session: Session, invitation: Invitation, now: datetime) -> SurveyResponse:
    response = SurveyResponse(
        resolution_id=invitation.resolution_id,
        contact_id=invitation.contact_id,
        client_id=invitation.client_id,
        invitation_id=invitation.id,
        origin=ResponseOrigin.SURVEY,
        language=invitation.contact.language,
        version_id=invitation.version_id,
        submitted_at=now,
    )
    session.add(response)
    session.flush()
    return response


def _merge(
    response: SurveyResponse,
    document: Document,
    answers: Mapping[str, int | str],
    steps: Mapping[str, int],
    changed: list[str],
    now: datetime,
) -> None:
    stored = {answer.question: answer for answer in response.answers}
    for question in answers.keys() & set(changed):
        value = answers[question]
        if value == "":
            response.answers.remove(stored[question])
            continue
        answer = stored.get(question)
        if answer is None:
            answer = Answer(question=question)
            response.answers.append(answer)
        answer.number, answer.text = (value, None) if isinstance(value, int) else (None, value)
        answer.answered_at = now
        asked = document.by_key.get(question.partition(".")[0])
        answer.managers_only = asked is not None and asked.confidentiality is Confidentiality.MANAGERS
    ledger = {touchpoint.step: touchpoint for touchpoint in response.touchpoints}
    for step, value in steps.items():
        if step in ledger:
            ledger[step].value = value
        else:
            response.touchpoints.append(Touchpoint(resolution_id=response.resolution_id, step=step, value=value))
    if response.submitted_at != now:
        response.changed_at = now


def _mark_answered(session: Session, invitation: Invitation, response: SurveyResponse, now: datetime) -> None:
    response.invitation_id = invitation.id  # an imported response is taken over by the survey that continues it
    invitation.state = InvitationState.ANSWERED
    invitation.answered_at = invitation.answered_at or now
    client = session.get_one(Client, invitation.client_id)
    client.add_evidence()
