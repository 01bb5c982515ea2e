"""The ladder's report and the owners' capacity."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from analysis.desk.capacity import capacities
from analysis.desk.ladder_report import advocates, all_referrals, became_of, ladder_report, report_csv
from analysis.relationships import capacity as rule
from analysis.views import parts
from survey import auth, clock
from survey.asking.schedule import zone_for
from survey.db import db
from survey.firms import get_firm

blueprint = Blueprint("ladder", __name__, url_prefix="/desk/ladder")
auth.guard(blueprint)
parts.install(blueprint)

SHOWN = 100


@blueprint.get("/report")
def report() -> ResponseReturnValue:
    sent = all_referrals(db.session)
    return render_template(
        "desk/ladder/report.html",
        report=ladder_report(db.session, clock.now(), request.args.get("quarter", "")),
        advocates=advocates(db.session),
        referrals=sent,
        became_of=became_of(sent),
        most_shown=SHOWN,
    )


@blueprint.get("/report.csv")
def download() -> ResponseReturnValue:
    zone = zone_for(get_firm(db.session).timezone)
    lines = "".join(report_csv(db.session, clock.now(), zone, request.args.get("quarter", "")))
    headers = {"Content-Disposition": "attachment; filename=ladder.csv"}
    return Response(lines.encode("utf-8-sig", "replace"), mimetype="text/csv", headers=headers)


@blueprint.get("/capacity")
def capacity() -> ResponseReturnValue:
    return render_template("desk/ladder/capacity.html", owners=capacities(db.session, clock.now()), rule=rule)
