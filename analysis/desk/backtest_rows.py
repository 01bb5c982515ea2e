"""What the desk reads of backtests: the runs, their stories, their weeks, their flags as a CSV."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.backtest.runs import MISSING, unpacked
from analysis.models.backtests import Backtest, BacktestWeek
from survey.db import row_by_id


def runs(session: Session) -> Sequence[Backtest]:
    """Every run, the latest first."""
    return session.scalars(select(Backtest).options(joinedload(Backtest.asked_by)).order_by(Backtest.id.desc())).all()


def with_clients(session: Session, backtest_id: int) -> tuple[Backtest, list[list[Any]]]:
    """The run and its clients; see `Backtest`."""
    found = row_by_id(session, Backtest, backtest_id, MISSING)
    return found, unpacked(session.scalar(select(Backtest.clients).where(Backtest.id == backtest_id)) or b"")


def stories_of(session: Session, backtest_id: int) -> list[dict[str, Any]]:
    """The cases told; see `analysis.backtest.stories`."""
    data = session.scalar(select(Backtest.told).where(Backtest.id == backtest_id))
    told: list[dict[str, Any]] = unpacked(data or b"")
    return told


def week_dates(session: Session, backtest_id: int) -> list[datetime]:
    """The Mondays of a run, oldest first."""
    rows = select(BacktestWeek.week).where(BacktestWeek.backtest_id == backtest_id)
    return list(session.scalars(rows.order_by(BacktestWeek.week)))


def week_lists(session: Session, backtest_id: int, first: datetime, last: datetime) -> list[tuple[datetime, Any]]:
    """(Monday, whom the desk would have shown) of each week from `first` to `last`."""
    rows = session.execute(
        select(BacktestWeek.week, BacktestWeek.data)
        .where(BacktestWeek.backtest_id == backtest_id, BacktestWeek.week.between(first, last))
        .order_by(BacktestWeek.week)
    )
    return [(week, unpacked(data)["list"]) for week, data in rows]


def flag_lines(session: Session, backtest_id: int) -> Iterator[str]:
    """The lines of the contract's `flags-out`: week, client_ref, risk, flagged."""
    _, clients = with_clients(session, backtest_id)
    yield "week,client_ref,risk,flagged\n"
    refs = [_cell(str(client[0])) for client in clients]
    for week in week_dates(session, backtest_id):
        mine = BacktestWeek.backtest_id == backtest_id
        data = session.scalar(select(BacktestWeek.data).where(mine, BacktestWeek.week == week))
        day = week.date().isoformat()
        rows = unpacked(data or b"").get("all", [])
        yield "".join(f"{day},{refs[client]},{risk:.6f},{flagged}\n" for client, risk, flagged in rows)


def _cell(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if any(mark in text for mark in ',"\r\n') else text
