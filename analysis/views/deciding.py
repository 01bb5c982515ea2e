"""The three routes by which a proposal of the machine is decided: accept, reject, undo. For any kind of weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from analysis.learning.proposals import Proposals, Row
from analysis.views import parts
from survey import clock
from survey.auth import current_user_id
from survey.db import transaction


@dataclass(frozen=True)
class Words(Generic[Row]):
    """What a person is told after each decision, and where on the index page they are brought."""

    accepted: Callable[[Row], str]
    rejected: str
    anchor: Callable[[Row], str]


def install(
    blueprint: Blueprint, prefix: str, find: Callable[[Session, int], tuple[Proposals[Row], Row]], words: Words[Row]
) -> None:
    """Add `<prefix>/<id>/accept`, `…/reject` and `…/undo` to a blueprint that has an `index`.

    `find` gives the row, locked, and the kind it belongs to; it raises NotFoundError.
    """

    def back(row: Row) -> ResponseReturnValue:
        return redirect(url_for(".index", _anchor=words.anchor(row) or None), code=303)

    def accept(calibration_id: int) -> ResponseReturnValue:
        with transaction() as session:
            proposals, row = find(session, calibration_id)
            proposals.accept(session, row, current_user_id(), clock.now())
        parts.flash_with_undo(words.accepted(row), url_for(".undo", calibration_id=calibration_id))
        return back(row)

    def reject(calibration_id: int) -> ResponseReturnValue:
        with transaction() as session:
            proposals, row = find(session, calibration_id)
            proposals.reject(session, row, current_user_id(), clock.now())
        parts.flash_with_undo(words.rejected, url_for(".undo", calibration_id=calibration_id))
        return back(row)

    def undo(calibration_id: int) -> ResponseReturnValue:
        with transaction() as session:
            proposals, row = find(session, calibration_id)
            proposals.undo(session, row, clock.now())
        flash("Taken back: what was in force before is in force again.", "good")
        return back(row)

    for view in (accept, reject, undo):
        blueprint.post(f"{prefix}/<int:calibration_id>/{view.__name__}", endpoint=view.__name__)(view)
