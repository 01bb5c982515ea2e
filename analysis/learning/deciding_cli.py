"""Deciding about a proposal from the command line: accept, reject and undo, the same for every kind of weights."""

from collections.abc import Callable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from analysis.learning.proposals import Proposals, Row

DECISIONS = ("accept", "reject", "undo")


def decided(session: Session, proposals: Proposals[Row], what: str, number: int | None, now: datetime) -> Row:
    """The row after `what` was decided about it: the one that waits (or is in force, for undo), or NUMBER.

    Raises:
        click.ClickException: there is none. ClienteleError: it cannot be decided so.
    """
    usual = proposals.current if what == "undo" else proposals.waiting
    row = proposals.by_id(session, number) if number is not None else usual(session)
    if row is None:
        raise click.ClickException(f"No {proposals.name} is in force." if what == "undo" else "No proposal waits.")
    if what == "undo":
        proposals.undo(session, row, now)
        return row
    deciders: dict[str, Callable[[Session, Row, int | None, datetime], None]] = {
        "accept": proposals.accept,
        "reject": proposals.reject,
    }
    deciders[what](session, row, None, now)
    return row
