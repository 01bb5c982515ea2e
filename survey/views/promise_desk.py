"""The desk: which steps of the service promise are kept, for whom, and the jobs behind each number."""

import re
from datetime import timedelta

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock, runtime
from survey.asking.schedule import zone_for
from survey.auth import can
from survey.db import db
from survey.firms import get_firm
from survey.languages import primary
from survey.models import Client
from survey.paging import page_number
from survey.promise import promise_steps
from survey.promise_ledger import (
    MINIMUM,
    MOST_RANKED,
    Asked,
    By,
    groups,
    jobs_behind,
    month_name,
    overall,
    step_tallies,
)
from survey.questionnaires import overview

blueprint = auth.guard(Blueprint("promise_desk", __name__, url_prefix="/desk/promise"))

PERIODS = {"90": "90 days", "365": "12 months", "all": "All time"}
USUAL_PERIOD = "365"
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)
BY_WORDS = {By.KIND: "Kind of job", By.STAFF: "Person", By.CLIENT: "Client", By.MONTH: "Month"}


@blueprint.get("")
def index() -> ResponseReturnValue:
    texts, asked, period = _asked()
    by = _by(request.args.get("by", By.KIND))
    firm, now = get_firm(db.session), clock.now()
    return render_template(
        "desk/promise/index.html",
        texts=texts,
        asked=asked,
        period=period,
        periods=PERIODS,
        by=by,
        by_words={one: words for one, words in BY_WORDS.items() if one is not By.STAFF or can("manager")},
        steps=step_tallies(db.session, texts, asked.since),
        whole=overall(db.session, Asked(asked.steps, since=asked.since)),
        groups=groups(db.session, asked, by, zone_for(firm.timezone), now),
        minimum=MINIMUM,
        most=MOST_RANKED,
        silent=overview.silent_on_promise(db.session) if texts else [],
        address=runtime.settings().base_url + url_for("promise.show"),
    )


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    texts, asked, period = _asked()
    by = _by(request.args["by"]) if request.args.get("by") else None
    key, missed_only = request.args.get("key", ""), request.args.get("missed") == "1"
    page = jobs_behind(
        db.session,
        asked,
        zone_for(get_firm(db.session).timezone),
        clock.now(),
        by=by,
        key=key,
        missed_only=missed_only,
        number=page_number(request.args.get("page")),
    )
    return render_template(
        "desk/promise/jobs.html",
        page=page,
        texts=texts,
        asked=asked,
        period=period,
        periods=PERIODS,
        by=by,
        label=_label(by, key),
        missed_only=missed_only,
    )


def _asked() -> tuple[dict[str, str], Asked, str]:
    """The texts of the promise by step, what is counted, and the period as the address names it."""
    firm = get_firm(db.session)
    texts = {step.key: step.text_in(primary(firm.language)) for step in promise_steps(firm.promise)}
    wanted, period = request.args.get("step", ""), request.args.get("period", USUAL_PERIOD)
    period = period if period in PERIODS else USUAL_PERIOD
    since = None if period == "all" else clock.now() - timedelta(days=int(period))
    return texts, Asked(tuple(texts), wanted if wanted in texts else "", since), period


def _by(wanted: str) -> By:
    """What staff do is for managers, here as everywhere."""
    by = By(wanted) if wanted in set(By) else By.KIND
    if by is By.STAFF and not can("manager"):
        abort(403)
    return by


def _label(by: By | None, key: str) -> str:
    if by is By.CLIENT:
        client = db.session.get(Client, int(key)) if key.isascii() and key.isdigit() and len(key) < 10 else None
        return client.name if client else ""
    if by is By.MONTH:
        return month_name(key) if _MONTH.fullmatch(key) else ""
    return (key or "Without a kind") if by else ""
