"""Proposals on the command line: show, propose, accept, reject and undo, the same for every kind of weights."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

import click
from sqlalchemy.orm import Session

from analysis.learning.proposals import Proposals, Row
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.errors import ClienteleError

DECISIONS = ("accept", "reject", "undo")
ACTIONS = ("show", "propose", *DECISIONS)

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outline(Generic[Row]):
    """What differs from kind to kind: what is in force as a document and as people read it, how one is proposed (in
    transactions of its own), and the proposal likewise. `afterwards` is said once what is in force has changed."""

    proposals: Proposals[Row]
    state: Callable[[Session], Document]
    show: Callable[[Document], None]
    propose: Callable[[], Row]
    proposal: Callable[[Session, Row], Document]
    show_proposal: Callable[[Document], None]
    afterwards: str


def run(outline: Outline[Row], what: str, number: int | None, *, as_json: bool) -> None:
    """Do one of ACTIONS, about proposal NUMBER or the one that it is about without, and print what came of it.

    Raises:
        click.ClickException: it cannot be done; the message says why.
    """
    if what == "show":
        begin_reading(db.session)
        _print(outline.state(db.session), outline.show, as_json=as_json)
        return
    try:
        row = outline.propose() if what == "propose" else _decide(outline.proposals, what, number)
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    begin_reading(db.session)
    row = db.session.get_one(type(row), row.id)
    document = outline.proposal(db.session, row)
    if as_json or what == "propose":
        _print(document, outline.show_proposal, as_json=as_json)
        return
    click.echo(f"{outline.proposals.name.capitalize()} {row.id} is {row.status.value}.")
    if what != "reject":
        click.echo(outline.afterwards, err=True)


def _print(document: Document, show: Callable[[Document], None], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        show(document)


def _decide(proposals: Proposals[Row], what: str, number: int | None) -> Row:
    with transaction() as session:
        return decided(session, proposals, what, number, clock.now())


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
