"""Prove it: replaying a firm's past on the desk. Ask for a run, watch it, read what came of it, take it along."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from analysis.backtest import runs as backtests
from analysis.backtest.files import NAMES
from analysis.backtest.own_past import own_counts, why_not_own
from analysis.backtest.runs import Upload
from analysis.desk import backtest_charts, backtest_examples, backtest_flagged, backtest_page, backtest_rows
from analysis.desk.backtest_flagged import Shown
from analysis.desk.backtest_progress import progress_of
from analysis.desk.backtest_stories import Story, stories_page
from analysis.models.backtests import OVER, Backtest, BacktestState
from analysis.views import parts
from survey import auth, clock
from survey.asking.schedule import zone_for
from survey.auth import current_user_id
from survey.db import db, row_by_id, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.firms import get_firm
from survey.heartbeat import WORKER, last_beat
from survey.models import Client

blueprint = Blueprint("backtests", __name__, url_prefix="/desk/backtest")
auth.guard(blueprint)
parts.install(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _start_page({})


def _start_page(problems: dict[str, str]) -> str:
    counts = own_counts(db.session, clock.now())
    return render_template(
        "desk/backtest/index.html",
        runs=backtest_rows.runs(db.session),
        counts=counts,
        why_not_own=why_not_own(counts),
        problems=problems,
    )


@blueprint.post("")
def start() -> ResponseReturnValue:
    uploads = {name: _upload(name) for name in NAMES}
    if missing := {name: "Choose a CSV file; this one is empty." for name, sent in uploads.items() if not sent.data}:
        return _start_page(missing), 422
    try:
        with transaction() as session:
            zone = zone_for(get_firm(session).timezone)
            found = backtests.ask_with_files(session, uploads, zone, current_user_id(), clock.now())
    except (InvalidInputError, ConflictError) as error:
        return _start_page({getattr(error, "field", None) or "all": str(error)}), 422
    return redirect(url_for(".show", backtest_id=found.id), code=303)


def _upload(name: str) -> Upload:
    sent = request.files.get(name)
    return Upload(sent.filename or "", sent.read()) if sent else Upload("", b"")


@blueprint.post("/own")
def start_own() -> ResponseReturnValue:
    try:
        with transaction() as session:
            found = backtests.ask_with_own(session, current_user_id(), clock.now())
    except (InvalidInputError, ConflictError) as error:
        return _start_page({"own": str(error)}), 422
    return redirect(url_for(".show", backtest_id=found.id), code=303)


@blueprint.get("/example/<name>.csv")
def example(name: str) -> ResponseReturnValue:
    if name not in NAMES:
        raise NotFoundError("There is no such example.")
    return _download(backtest_examples.EXAMPLES[name].encode(), f"{name}.csv", "text/csv")


@blueprint.get("/<int:backtest_id>")
def show(backtest_id: int) -> ResponseReturnValue:
    """How far the run is; what came of it once it is done."""
    found = row_by_id(db.session, Backtest, backtest_id, backtests.MISSING)
    if found.state is BacktestState.DONE:
        if request.headers.get("HX-Request"):  # the page that waited becomes another one
            return Response(headers={"HX-Refresh": "true"})
        return _result(found)
    progress = progress_of(found, clock.now(), last_beat(db.session, WORKER))
    return render_template("desk/backtest/progress.html", run=found, progress=progress, over=found.state in OVER)


def _result(found: Backtest) -> str:
    return render_template(
        "desk/backtest/result.html",
        run=found,
        first=datetime.fromisoformat(found.report["first_job_at"]),
        last=datetime.fromisoformat(found.report["last_job_at"]),
        verdict=backtest_page.verdict(found.report),
        rules=backtest_page.rule_rows(found.report),
        calibration=backtest_page.calibration_words(found.report),
        charts=backtest_charts,
    )


@blueprint.get("/<int:backtest_id>/stories")
def stories(backtest_id: int) -> ResponseReturnValue:
    found, _ = backtest_rows.with_clients(db.session, backtest_id)
    told = stories_page(backtest_rows.stories_of(db.session, backtest_id))
    return render_template("desk/backtest/stories.html", run=found, stories=told, known=_known(found.own_history, told))


@blueprint.get("/<int:backtest_id>/flagged")
def flagged(backtest_id: int) -> ResponseReturnValue:
    """Whom the desk would have shown, `?month=2025-03` or `?week=2025-03-10`."""
    found, clients = backtest_rows.with_clients(db.session, backtest_id)
    weeks = backtest_rows.week_dates(db.session, backtest_id)
    if not weeks:
        raise NotFoundError("This run has no weeks to show.")
    end = datetime.fromisoformat(found.report["last_job_at"])
    week = next((week for week in weeks if week.date().isoformat() == request.args.get("week")), None)
    month = week.date().replace(day=1) if week else _month(weeks, end)
    lists = backtest_rows.week_lists(db.session, backtest_id, *((week, week) if week else backtest_flagged.span(month)))
    rows = backtest_flagged.shown_in(lists, clients, end)
    return render_template(
        "desk/backtest/flagged.html",
        run=found,
        month=month,
        week=week,
        months=backtest_flagged.months_of(weeks),
        weeks=[week for week in weeks if week.date().replace(day=1) == month],
        rows=rows,
        sums=backtest_flagged.sums(rows),
        known=_known(found.own_history, rows),
    )


def _month(weeks: list[datetime], end: datetime) -> date:
    months = {month.isoformat()[:7]: month for month in backtest_flagged.months_of(weeks)}
    return months.get(request.args.get("month", ""), backtest_flagged.usual_month(weeks, end))


def _known(own: bool, rows: Sequence[Shown | Story]) -> dict[str, int]:
    """The ids of the clients of these rows, by reference, where the past is this installation's own."""
    refs = [row.ref for row in rows] if own else []
    found = db.session.execute(select(Client.ref, Client.id).where(Client.ref.in_(refs)))
    return {str(row.ref): int(row.id) for row in found}


@blueprint.post("/<int:backtest_id>/cancel")
def cancel(backtest_id: int) -> ResponseReturnValue:
    with transaction() as session:
        stopped = backtests.cancel(session, backtest_id, clock.now())
    flash("Stopped. Nothing of it is kept but the files." if stopped else "It was over already.", "good")
    return redirect(url_for(".show", backtest_id=backtest_id), code=303)


@blueprint.post("/<int:backtest_id>/again")
def again(backtest_id: int) -> ResponseReturnValue:
    with transaction() as session:
        backtests.again(session, backtest_id)
    return redirect(url_for(".show", backtest_id=backtest_id), code=303)


@blueprint.get("/<int:backtest_id>/delete")
def confirm_delete(backtest_id: int) -> ResponseReturnValue:
    found = row_by_id(db.session, Backtest, backtest_id, backtests.MISSING)
    return render_template("desk/backtest/delete.html", run=found)


@blueprint.post("/<int:backtest_id>/delete")
def delete(backtest_id: int) -> ResponseReturnValue:
    with transaction() as session:
        backtests.remove(session, backtest_id)
    flash("The run is deleted, and with it the files, the stories and every figure.", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.get("/<int:backtest_id>/flags.csv")
def flags_csv(backtest_id: int) -> ResponseReturnValue:
    lines = "".join(backtest_rows.flag_lines(db.session, backtest_id))
    return _download(lines.encode(), f"backtest-{backtest_id}-flags.csv", "text/csv")


@blueprint.get("/<int:backtest_id>/report.json")
def report_json(backtest_id: int) -> ResponseReturnValue:
    found, _ = backtest_rows.with_clients(db.session, backtest_id)
    text = json.dumps(found.report, ensure_ascii=False, indent=2)
    return _download(text.encode(), f"backtest-{backtest_id}.json", "application/json")


def _download(data: bytes, name: str, mimetype: str) -> Response:
    return Response(data, mimetype=mimetype, headers={"Content-Disposition": f"attachment; filename={name}"})
