"""What first answers write, for many of them in one transaction.

Each row is what `survey.responses.submit` would have written; a test compares them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, update

from survey.evidence.records import AGENT_LENGTH
from survey.front import rows
from survey.front.forms import Plain
from survey.front.rows import Hand
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
from survey.tallies import tally_of

_RESPONSE = (
    *("resolution_id", "contact_id", "client_id", "invitation_id", "origin"),
    *("language", "version_id", "submitted_at", "tally"),
)
_ANSWER = ("response_id", "question", "number", "text", "answered_at", "managers_only")
_STEP = ("response_id", "resolution_id", "step", "value")
_EVENT = ("invitation_id", "kind", "at", "user_agent", "details")


class Counting(NamedTuple):
    """A first answer that counts. `press`: how the press of the button was judged."""

    plain: Plain
    press: Mapping[str, Any]


def store(hand: Hand, counting: Sequence[Counting], now: datetime) -> None:
    """Store first answers, and that their surveys are answered."""
    if hand.dialect.name == "postgresql":
        _at_once(hand, counting, now)
    else:
        _table_by_table(hand, counting, now)


def _table_by_table(hand: Hand, counting: Sequence[Counting], now: datetime) -> None:
    at, plain = rows.said(hand.dialect, now), [one.plain for one in counting]
    responses = [_response(one, at) for one in plain]
    ids: dict[int, int] = dict(hand.add(SurveyResponse, _RESPONSE, responses, "invitation_id", "id"))
    hand.add(Answer, _ANSWER, [row for one in plain for row in _answers(one, ids[one.asked.id], at)])
    steps = [
        (ids[one.asked.id], one.asked.resolution_id, step, value) for one in plain for step, value in one.steps.items()
    ]
    hand.add(Touchpoint, _STEP, steps)
    hand.add(SurveyEvent, _EVENT, [_event(one, at) for one in counting])
    mark_answered, add_evidence = _updates(hand.dialect)
    hand.run(mark_answered, at, rows.ids(hand.dialect, ids))
    hand.run(add_evidence, rows.ids(hand.dialect, _clients(counting)))


@lru_cache(maxsize=4)
def _updates(dialect: Dialect) -> tuple[str, str]:
    """Invitations: answered at a moment; clients: there is something new."""
    mark_answered = update(Invitation).values(state=InvitationState.ANSWERED, answered_at=rows.VALUE)
    add_evidence = update(Client).values(evidence_version=Client.evidence_version + 1)
    return (
        rows.made(dialect, mark_answered.where(rows.among(dialect, Invitation.id))),
        rows.made(dialect, add_evidence.where(rows.among(dialect, Client.id))),
    )


def _response(plain: Plain, at: str) -> tuple[Any, ...]:
    survey = plain.asked
    ids = (survey.resolution_id, survey.contact_id, survey.client_id, survey.id)
    return (*ids, ResponseOrigin.SURVEY.value, survey.language, survey.version_id, at, _tally(plain))


def _answers(plain: Plain, response_id: int, at: str) -> list[tuple[Any, ...]]:
    apart = plain.known.for_managers
    return [
        (response_id, name, value, None, at, name.partition(".")[0] in apart)
        if isinstance(value, int)
        else (response_id, name, None, value, at, name.partition(".")[0] in apart)
        for name, value in plain.answers.items()
    ]


def _tally(plain: Plain) -> str:
    apart = plain.known.for_managers
    given = [
        (name, value if isinstance(value, int) else None, name.partition(".")[0] in apart)
        for name, value in plain.answers.items()
    ]
    return _tally_of(tuple(given), tuple(plain.steps.items()))


_tally_of = lru_cache(maxsize=4_096)(tally_of)  # words are only counted, so many have the same


def _event(one: Counting, at: str) -> tuple[Any, ...]:
    plain = one.plain
    agent = plain.posted.user_agent[:AGENT_LENGTH]
    return (plain.asked.id, SurveyEventKind.CONFIRMED.value, at, agent, rows.document(_details(one)))


def _details(one: Counting) -> Mapping[str, Any]:
    changed = sorted([*one.plain.answers, *(f"step_{step}" for step in one.plain.steps)])
    return {"changed": changed, "press": one.press}


def _clients(counting: Sequence[Counting]) -> Sequence[int]:
    """Each client once, in an order that is everybody's: two transactions must not wait for each other."""
    return sorted({one.plain.asked.client_id for one in counting})


# Eight statements were eight journeys, each with an executor of its own: a third of what an answer costs.
_ALL = """
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s) AS given (
        resolution_id int, contact_id int, client_id int, invitation_id int, language text, version_id int,
        at timestamptz, tally text, agent text, details jsonb)
), stored AS (
    INSERT INTO survey_responses
        (resolution_id, contact_id, client_id, invitation_id, origin, language, version_id, submitted_at, tally)
    SELECT resolution_id, contact_id, client_id, invitation_id, 'survey', language, version_id, at, tally FROM given
    RETURNING id, invitation_id, resolution_id, submitted_at
), answered AS (
    INSERT INTO answers (response_id, question, number, text, answered_at, managers_only)
    SELECT stored.id, question, number, text, submitted_at, managers_only FROM stored JOIN json_to_recordset(%s)
        AS said (invitation_id int, question text, number int, text text, managers_only bool) USING (invitation_id)
), kept AS (
    INSERT INTO touchpoints (response_id, resolution_id, step, value)
    SELECT stored.id, resolution_id, step, value FROM stored JOIN json_to_recordset(%s)
        AS said (invitation_id int, step text, value int) USING (invitation_id)
), seen AS (
    INSERT INTO survey_events (invitation_id, kind, at, user_agent, details)
    SELECT invitation_id, 'confirmed', at, agent, details FROM given
), news AS (
    UPDATE clients SET evidence_version = evidence_version + 1 WHERE id = ANY (CAST(%s AS int[]))
)
UPDATE invitations SET state = 'answered', answered_at = %s WHERE id = ANY (CAST(%s AS int[]))
"""


def _at_once(hand: Hand, counting: Sequence[Counting], now: datetime) -> None:
    """All that PostgreSQL stores of them in one statement, whose plan is made once for any number of them."""
    at = rows.said(hand.dialect, now)
    given, said, steps = [], [], []
    for one in counting:
        plain, survey = one.plain, one.plain.asked
        given.append(
            {
                "resolution_id": survey.resolution_id,
                "contact_id": survey.contact_id,
                "client_id": survey.client_id,
                "invitation_id": survey.id,
                "language": survey.language,
                "version_id": survey.version_id,
                "at": at,
                "tally": _tally(plain),
                "details": _details(one),
                "agent": plain.posted.user_agent[:AGENT_LENGTH],
            }
        )
        said += [
            {"invitation_id": survey.id, "question": name, "number": number, "text": text, "managers_only": apart}
            for _response, name, number, text, _at, apart in _answers(plain, 0, at)
        ]
        steps += [{"invitation_id": survey.id, "step": step, "value": value} for step, value in plain.steps.items()]
    told = [rows.document(found) for found in (given, said, steps)]
    surveys = rows.ids(hand.dialect, [one.plain.asked.id for one in counting])
    hand.run("SET LOCAL plan_cache_mode = force_generic_plan")
    hand.run(_ALL, *told, rows.ids(hand.dialect, _clients(counting)), at, surveys)
