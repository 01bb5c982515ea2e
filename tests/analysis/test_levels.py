"""What is usual for the firm is kept: counted when it is time, the same in whatever order the evidence came in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from analysis.models import FirmLevels, RelationshipState
from analysis.relationships.usual import FirmUsual, Level, has_moved, usual_from
from analysis.scoring import levels
from analysis.scoring.assessments import lock_due_clients, score_clients
from analysis.scoring.usual import load_firm_usual
from survey.models import Client
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_job, make_resolution, make_response


def answers(
    session: Session, *ratings: int, at: datetime = NOW - timedelta(days=9), client: Client | None = None
) -> int:
    """One job for each rating, all of one client; returns the client's id."""
    contact = make_contact(session, client or make_client(session))
    for rating in ratings:
        resolution = make_resolution(session, make_job(session, contact, kind="Repair"), completed_at=at)
        make_response(session, resolution, submitted_at=at + timedelta(days=1), csat=rating)
    contact.client.add_evidence()
    session.flush()
    return contact.client_id


def count(session: Session, now: datetime = NOW) -> bool:
    """What the task does: count when it is time; whether it was."""
    found = levels.counted_if_due(session, now)
    if found is not None:
        levels.keep(session, found)
    return found is not None


def score(session: Session, now: datetime = NOW) -> int:
    done = 0
    while found := score_clients(session, lock_due_clients(session, now), now):
        done += found
    return done


def kept(session: Session) -> levels.Levels:
    found = levels.in_force(session)
    assert found is not None
    return found


def test_an_empty_firm_has_nothing_to_count(session: Session) -> None:
    """Before any evidence there is no count, and none is due."""
    assert not count(session)
    assert levels.in_force(session) is None


def test_the_first_client_is_scored_by_levels_that_are_kept(session: Session) -> None:
    """Without a count yet, scoring counts by itself, and the state names the version."""
    client_id = answers(session, 5, 5, 4)
    assert score(session) == 1
    assert session.get_one(RelationshipState, client_id).levels_version == kept(session).version > 0


def test_a_firm_at_its_start_sees_its_levels_move_with_every_answer(session: Session) -> None:
    """A twentieth more evidence is enough to count again, and one answer is more than that at first."""
    first = answers(session, 5, 5, 5)
    count(session)
    score(session)
    before = kept(session)
    answers(session, 1, 1, 1)
    assert count(session)
    after = kept(session)
    assert after.version > before.version
    assert after.usual.levels["csat"].mean < before.usual.levels["csat"].mean
    assert score(session) == 2  # the new one, and the one whom nothing happened to
    assert session.get_one(RelationshipState, first).levels_version == after.version


def test_a_little_more_evidence_is_not_counted_again(session: Session) -> None:
    """Below a twentieth more, levels stay as they are until the morning."""
    answers(session, *[5, 4] * 20)
    assert count(session)
    answers(session, 1)
    assert not count(session)
    assert not count(session, NOW + timedelta(hours=1))


def test_every_morning_counts_and_puts_in_force(session: Session) -> None:
    """What was too little to judge everybody anew is in force from the morning on."""
    answers(session, *[5, 4] * 40)
    count(session)
    before = kept(session)
    answers(session, 4)
    assert count(session, NOW + timedelta(days=1))
    assert kept(session).version > before.version
    assert not count(session, NOW + timedelta(days=1))


def test_a_small_move_waits_for_the_morning(session: Session) -> None:
    """Evidence that grew without moving the levels is noted, and nobody is scored for it."""
    answers(session, *[5, 4] * 40)
    count(session)
    score(session)
    before = kept(session)
    mine = answers(session, *[5, 4] * 3)
    assert count(session)
    assert kept(session).version == before.version
    assert not count(session)
    assert [client.id for client in lock_due_clients(session, NOW)] == [mine]


def test_nobody_is_judged_by_levels_of_long_ago(session: Session) -> None:
    """Where the task that counts has not run for days, scoring counts by itself."""
    client_id = answers(session, 5, 5, 5)
    count(session)
    later = NOW + timedelta(days=700)
    answers(session, 2, 2, 2, 2, at=later - timedelta(days=9), client=session.get_one(Client, client_id))
    score(session, later)
    assert kept(session).usual.levels["csat"].mean < 4.2
    assert session.scalars(select(FirmLevels.checked_at).order_by(FirmLevels.id)).all()[-1] == later


def test_levels_counted_in_the_future_are_counted_again(session: Session) -> None:
    """A rehearsal that goes back in time does not judge by what comes after it for long."""
    answers(session, 5, 5)
    count(session, NOW + timedelta(days=30))
    assert count(session, NOW)
    assert not count(session, NOW)


def _end(session: Session, order: Sequence[tuple[int, ...]], each: bool) -> Mapping[str, tuple[object, ...]]:
    """Where everybody stands the morning after these clients' answers came in this order; `each`: scored in between."""
    for number, ratings in enumerate(order):
        answers(session, *ratings, client=make_client(session, ref=f"{ratings}", name=f"Client {ratings}"))
        if each:
            count(session, NOW + timedelta(minutes=number))
            score(session, NOW + timedelta(minutes=number))
    morning = NOW + timedelta(days=1)
    count(session, morning)
    score(session, morning)
    states = session.execute(select(Client.ref, RelationshipState).join(RelationshipState.client)).all()
    found = {ref: (state.risk, state.health, state.rung, state.points) for ref, state in states}
    session.rollback()
    return found


def test_where_all_end_does_not_depend_on_the_order_of_import(session: Session) -> None:
    """The next morning everybody stands by the levels of all evidence, whatever came first and was scored meanwhile."""
    told = [(5, 5, 4), (1, 2, 1, 2), (4, 4), (5, 5, 5, 5, 5), (3,)]
    ends = [_end(session, told, False), _end(session, told[::-1], True), _end(session, told[2:] + told[:2], True)]
    assert ends[0] == ends[1] == ends[2]
    assert len(ends[0]) == len(told)


def test_scoring_reads_the_levels_and_counts_nothing(session: Session) -> None:
    """However large the firm, an answer's rescore does not look at other clients' answers."""
    client_id = answers(session, 5, 4, 5)
    answers(session, 5, 4, 4)
    score(session)
    session.get_one(Client, client_id).add_evidence()
    session.flush()
    asked: list[str] = []

    def on_execute(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", on_execute)
    assert score_clients(session, lock_due_clients(session, NOW), NOW) == 1
    event.remove(bind, "before_cursor_execute", on_execute)
    assert any("firm_levels" in statement for statement in asked)
    assert not [statement for statement in asked if "GROUP BY" in statement or "sum(" in statement]


def test_due_clients_are_found_by_indexes(session: Session) -> None:
    """No arm of the question who is due looks at every client or state."""
    from analysis.scoring.assessments import DUE

    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("the plan of a small table says nothing on PostgreSQL")
    text = str(DUE.params(now=NOW, limit=100).compile(session.connection(), compile_kwargs={"literal_binds": True}))
    plan = [row.detail for row in session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + text)]
    assert any("ix_clients_news" in step for step in plan)
    assert any("ix_relationship_states_rescore_at" in step for step in plan)
    assert any("ix_relationship_states_levels_version" in step for step in plan)
    assert not [
        step for step in plan if step.startswith("SCAN") and "ix_clients_news" not in step and "CTE" not in step
    ]


USUAL = FirmUsual(effects={"staff/Ana": 0.2})


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({}, False),
        ({"levels": {**USUAL.levels, "csat": Level(4.38, 0.9)}}, False),
        ({"levels": {**USUAL.levels, "csat": Level(4.3, 0.9)}}, True),
        ({"levels": {**USUAL.levels, "nps": Level(8.3, 2.2)}}, True),
        ({"words": Level(0.5, 0.55)}, True),
        ({"shrinkage": 4.1}, False),
        ({"shrinkage": 5.0}, True),
        ({"answering": (1.1, 1.4)}, True),
        ({"late_share": 0.21}, False),
        ({"late_share": 0.3}, True),
        ({"value_high": 5_000.0}, True),
        ({"effects": {"staff/Ana": 0.22}}, False),
        ({"effects": {"staff/Ana": 0.2, "kind/Repair": -0.3}}, True),
        ({"effects": {}}, True),
    ],
)
def test_what_moves_everybody(changed: dict[str, object], moved: bool) -> None:
    """Small drifts wait for the morning; a level that moved is applied to everybody at once, in either direction."""
    other = replace(USUAL, **changed)  # type: ignore[arg-type]
    assert has_moved(USUAL, other) is moved
    assert has_moved(other, USUAL) is moved


def test_a_kind_of_work_is_one_however_it_is_written(session: Session) -> None:
    """What is usual for a kind is counted from all its jobs, and looked up for each, also in what was kept before."""
    contact = make_contact(session)
    for kind, rating in (("Repair", 1), ("REPAIR", 1), ("Änderung", 5), ("ÄNDERUNG", 5), ("Advice", 5)):
        done = make_resolution(session, make_job(session, contact, kind=kind), staff={})
        make_response(session, done, csat=rating)
    found = load_firm_usual(session, NOW)
    assert set(found.effects) == {"kind/advice", "kind/repair", "kind/änderung"}
    assert found.expected((), "Repair") == found.expected((), "REPAIR") < 0
    assert found.expected((), "Änderung") > found.expected((), "Advice") > 0
    kept = {**found.as_document(), "effects": {"kind/Repair": -0.3, "staff/Ana": 0.1}}
    assert usual_from(kept).expected((("Ana", 1.0),), "repair") == pytest.approx(-0.2)


def test_levels_come_back_as_they_were_kept() -> None:
    """A firm where nobody is large yet is kept too."""
    for value_high in (inf, 1234.5):
        usual = replace(USUAL, value_high=value_high)
        assert usual_from(usual.as_document()) == usual


def test_old_versions_go(session: Session) -> None:
    """Versions out of force for more than a year are deleted; the newest stays."""
    answers(session, 5, 4)
    count(session)
    first = kept(session).version
    answers(session, 1, 1, 1)
    count(session, NOW + timedelta(days=500))
    assert session.scalar(select(func.min(FirmLevels.id))) != first
    assert kept(session).version != first
