"""The desk: bringing a jobs.csv in. Look at what would happen, import with progress, fetch the rejects."""

from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock, runtime, uploads
from survey.asking.schedule import zone_for
from survey.db import db, transaction
from survey.errors import InvalidInputError
from survey.firms import get_firm
from survey.intake import Progress, import_step, preview, rejects

blueprint = auth.guard(Blueprint("intake", __name__, url_prefix="/desk/jobs/import"), read="manager")


def _folder() -> Path:
    return runtime.settings().instance_path / "uploads"


@blueprint.get("")
def upload() -> ResponseReturnValue:
    return render_template("desk/jobs/import.html")


@blueprint.post("")
def receive() -> ResponseReturnValue:
    sent = request.files.get("file")
    data = sent.read() if sent else b""
    if not data:
        return render_template("desk/jobs/import.html", problem="Choose a CSV file first; this one is empty."), 422
    try:
        preview(db.session, data, zone_for(get_firm(db.session).timezone))
    except InvalidInputError as error:
        return render_template("desk/jobs/import.html", problem=str(error)), 422
    return redirect(url_for(".look", name=uploads.keep(_folder(), data, clock.now())), code=303)


@blueprint.get("/<name>")
def look(name: str) -> ResponseReturnValue:
    found = preview(db.session, uploads.read(_folder(), name), zone_for(get_firm(db.session).timezone))
    return render_template("desk/jobs/import_preview.html", preview=found, name=name)


@blueprint.post("/<name>")
def step(name: str) -> ResponseReturnValue:
    """One part of the file. The page asks for the next part by itself, or, without JavaScript, by a button."""
    data = uploads.read(_folder(), name)
    with transaction() as session:
        zone = zone_for(get_firm(session).timezone)
        progress = import_step(session, data, zone, _so_far(), clock.now())
    if progress.finished and not progress.rejected and not request.headers.get("HX-Request"):
        flash(f"{progress.done:,} jobs read: {progress.created:,} new, {progress.changed:,} updated.", "good")
        return redirect(url_for("manage.jobs"), code=303)
    return render_template("desk/jobs/import_progress.html", progress=progress, name=name)


def _so_far() -> Progress:
    counts = {key: request.form.get(key, 0, type=int) for key in ("done", "created", "changed", "rejected")}
    return Progress(row_count=0, **{key: max(0, count) for key, count in counts.items()})


@blueprint.get("/<name>/rejects.csv")
def rejected(name: str) -> ResponseReturnValue:
    zone = zone_for(get_firm(db.session).timezone)
    lines = "".join(rejects(uploads.read(_folder(), name), zone))
    headers = {"Content-Disposition": "attachment; filename=rejects.csv"}
    return Response(lines.encode("utf-8-sig"), mimetype="text/csv", headers=headers)
