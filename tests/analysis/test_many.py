"""Scoring many clients at once keeps what scoring them one by one keeps, and nothing that has changed meanwhile."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from analysis.models import Flag, FlagDay, LadderMove, RelationshipState, RiskReading
from analysis.scoring.assessments import due_versions, lock_due_clients, score_clients
from analysis.scoring.helper import MANY, Helper, parts_of
from analysis.scoring.keeping import keep, locked
from analysis.scoring.levels import levels_for_scoring
from analysis.scoring.scorer import gauge, judged
from analysis.tasks import score
from bench.large_firm import NOW, fill
from survey import clock
from survey.db import transaction
from survey.models import Client

KEPT = (RelationshipState, LadderMove, RiskReading, FlagDay, Flag)


@pytest.fixture
def helper(app: Flask) -> Iterator[Helper]:
    found = Helper(app.config["SQLALCHEMY_ENGINES"]["default"]["url"])
    yield found
    found.stop()


def _kept(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that scoring keeps, without the numbers that the database gives them."""
    found = {}
    for table in (*KEPT, Client):
        columns = [column for column in table.__table__.columns if column.name not in {"id", "flag_id"}]
        rows = [tuple(row) for row in session.execute(select(*columns))]
        found[table.__tablename__] = sorted(rows, key=str)
    return found


def _forget(session: Session) -> None:
    for table in (FlagDay, *KEPT[:-2], Flag):
        session.execute(delete(table))
    session.execute(update(Client).values(scored_version=0, surveys_held_at=None, surveys_held_reason=""))


def _made(session: Session, clients: int, jobs: int) -> None:
    fill(session.connection(), clients, jobs)
    levels_for_scoring(session, NOW)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 39, 40, 80, 100, 480])
def test_parts_hold_each_client_once(count: int) -> None:
    """However many: nobody is judged twice, nobody left out."""
    parts = parts_of([(number, 1) for number in range(count)])
    assert [number for part in parts for number in part] == list(range(count))


def test_many_at_once_end_where_one_by_one_ends(session: Session, helper: Helper) -> None:
    """A history that came in at once, and the next morning: two processes keep row for row what one keeps alone."""
    mornings = (NOW, NOW + timedelta(days=1))
    with transaction():
        _made(session, MANY + 2, 16)
    alone = []
    for now in mornings:
        while clients := lock_due_clients(session, now, limit=1):
            assert score_clients(session, clients, now) == 1
        alone.append(_kept(session))
    _forget(session)
    session.commit()
    for now, expected in zip(mornings, alone, strict=True):
        with clock.fixed_at(now):
            assert score(helper) == MANY + 2
            assert helper.busy
        assert _kept(session) == expected
        session.rollback()
    with clock.fixed_at(mornings[-1]):
        assert score(helper) == 0
    assert not helper.busy
    assert alone[0]["flags"]
    assert alone[0]["ladder_moves"]


def test_what_changed_meanwhile_is_judged_again(session: Session) -> None:
    """Evidence that came while a client was judged is not passed over: they stay due, and nothing of them is kept."""
    _made(session, 3, 4)
    by, due = gauge(session, levels_for_scoring(session, NOW)), due_versions(session, NOW, 10)
    found = judged(session, due, by, NOW)
    session.get_one(Client, 2).add_evidence()
    session.flush()
    assert keep(session, locked(session, list(due)), found, NOW) == 2
    assert set(session.scalars(select(RelationshipState.client_id))) == {1, 3}
    assert list(due_versions(session, NOW, 10)) == [2]


def test_what_another_has_kept_meanwhile_stays(session: Session) -> None:
    """Two workers judge the same clients: what the second found is left, so that no move is written twice."""
    _made(session, 2, 4)
    by, due = gauge(session, levels_for_scoring(session, NOW)), due_versions(session, NOW, 10)
    first, second = judged(session, due, by, NOW), judged(session, due, by, NOW)
    assert keep(session, locked(session, list(due)), first, NOW) == 2
    moves = len(session.scalars(select(LadderMove.id)).all())
    assert keep(session, locked(session, list(due)), second, NOW) == 0
    assert len(session.scalars(select(LadderMove.id)).all()) == moves
