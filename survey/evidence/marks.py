"""Marks links on which something new was seen, for `survey.evidence.verdicts` to judge."""

from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import ColumnElement, Insert, Table, TextClause, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from survey.db import ids_in
from survey.models import Invitation, LinkVerdict

_TABLE = cast("Table", LinkVerdict.__table__)
INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def mark(session: Session, invitation_ids: Collection[int]) -> None:
    """Say that something new was seen on these links. Those marked already stay as they are, and cost next to nothing.

    Until this transaction ends nobody else can judge them, so no verdict is kept that does not know of it.
    """
    dialect = session.get_bind().dialect.name
    session.connection().execute(marking(dialect, ids_in(dialect, Invitation.id, invitation_ids)))


def marking(dialect: str, wanted: ColumnElement[bool] | TextClause) -> Insert:
    """The statement that marks the links of the wanted invitations."""
    links = select(Invitation.id, true(), literal("")).where(wanted)
    in_order = links.order_by(Invitation.id)  # two at once wait for each other
    statement = INSERT[dialect](_TABLE).from_select(["invitation_id", "stale", "pages"], in_order)
    standing = _TABLE.c.stale.is_(False)
    return cast(
        "Insert",
        statement.on_conflict_do_update(index_elements=["invitation_id"], set_={"stale": True}, where=standing),
    )
