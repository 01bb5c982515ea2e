"""/desk/emails/suppressed: addresses that are left alone. Everything that was ever on the list stays readable."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from emails import suppression_files, suppression_queries, suppressions, words
from emails.models import SuppressionReason, SuppressionScope
from survey import auth, clock
from survey.cells import BadCellError, read_address
from survey.db import db, transaction
from survey.errors import InvalidInputError
from survey.paging import page_number

LONGEST_REASON = 150
SHOWN_ERRORS = 20

blueprint = auth.guard(Blueprint("suppressed_desk", __name__, url_prefix="/desk/emails/suppressed"))


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _list()


@blueprint.post("/add")
def add() -> ResponseReturnValue:
    """Leave an address alone from now on; who asked for it is kept."""
    why, scope = request.form.get("why", "").strip(), _scope(request.form.get("scope")) or SuppressionScope.ALL
    try:
        address = read_address(request.form.get("email", "").strip())
    except BadCellError as error:
        return _list(problem=f"The address {error}."), 422
    if not why:
        return _list(problem="Say who asked for it, or what happened."), 422
    with transaction() as session:
        source = f"{current_user.display_name}: {why[:LONGEST_REASON]}"
        new = suppressions.suppress(session, address, SuppressionReason.MANUAL, source, clock.now(), scope=scope)
    flash(f"{address} is left alone from now on." if new else f"{address} was left alone already.", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.post("/lift")
def lift() -> ResponseReturnValue:
    """Allow an address again; why is kept."""
    address, why = request.form.get("email", ""), request.form.get("why", "").strip()
    if not why:
        raise InvalidInputError("Say why this address may be written to again.", "why")
    scope, reason = _scope(request.form.get("scope")), _reason(request.form.get("reason"))
    with transaction() as session:
        who = f"{current_user.display_name}: {why[:LONGEST_REASON]}"
        suppressions.unsuppress(session, address, who, clock.now(), reason, scope)
        left = suppressions.standing(session, address)
    if left:
        other = words.SUPPRESSED[left[0].reason].label.lower()
        flash(f"Lifted. {address} stays on the list for another reason: {other}.", "info")
    else:
        flash(f"{address} may be written to again.", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.get("/export.csv")
def export() -> ResponseReturnValue:
    lines = "".join(suppression_files.lines(db.session, history="history" in request.args))
    headers = {"Content-Disposition": "attachment; filename=left-alone.csv"}
    return Response(lines.encode("utf-8-sig"), mimetype="text/csv", headers=headers)


@blueprint.post("/import")
def bring() -> ResponseReturnValue:
    """Take a file's good rows; each bad one is named by line and column."""
    sent = request.files.get("file")
    try:
        rows = list(suppression_files.read(sent.read() if sent else b"").rows)
    except InvalidInputError as error:
        return _list(problem=str(error)), 422
    records = [row.record for row in rows if row.record is not None]
    with transaction() as session:
        done = suppression_files.store(session, records, current_user.display_name, clock.now())
    flash(f"{done.new:,} added, {done.known:,} were on the list already.", "good")
    if errors := [str(error) for row in rows for error in row.errors]:
        return _list(errors=errors), 422
    return redirect(url_for(".index"), code=303)


def _list(problem: str = "", errors: list[str] | None = None) -> str:
    search, history = request.args.get("q", "").strip(), request.args.get("state") == "history"
    reason = _reason(request.args.get("reason"))
    number = page_number(request.args.get("page"))
    return render_template(
        "desk/emails/suppressed.html",
        page=suppression_queries.list_suppressions(db.session, search, number, reason=reason, history=history),
        counts=suppression_queries.count_by_reason(db.session),
        search=search,
        reason=reason,
        history=history,
        problem=problem,
        errors=(errors or [])[:SHOWN_ERRORS],
        more_errors=max(0, len(errors or []) - SHOWN_ERRORS),
        words=words,
    )


def _scope(text: str | None) -> SuppressionScope | None:
    return SuppressionScope(text) if text in set(SuppressionScope) else None


def _reason(text: str | None) -> SuppressionReason | None:
    return SuppressionReason(text) if text in set(SuppressionReason) else None
