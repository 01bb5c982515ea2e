"""The desk: results. What clients' answers add up to, where the way to an answer ends, and what they wrote."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.db import db
from survey.firms import get_firm
from survey.languages import LANGUAGES
from survey.models import ResponseOrigin
from survey.results import counting, funnel, sheets
from survey.results.confidential import confidential
from survey.results.page import Choice, ask, load_question, load_results
from survey.results.page import figures as load_figures
from survey.results.periods import OWN_DATES, SPANS, USUAL_SPAN
from survey.results.queries import Asking, Wanted, languages, staff_names

blueprint = auth.guard(Blueprint("results", __name__, url_prefix="/desk/results"))

LONGEST_NAME = 200
SHORT_SPAN = "3"
ORIGINS = (("", "All"), ("survey", "Our surveys"), ("import", "Imported"))
SPAN_CHOICES = (*SPANS.items(), (OWN_DATES, "Own dates"))


@blueprint.get("")
def index() -> ResponseReturnValue:
    now = clock.now()
    asking = _asking()
    results = load_results(db.session, asking, now)
    return render_template("desk/results/index.html", results=results, **_frame(asking))


@blueprint.get("/questions/<key>")
def question(key: str) -> ResponseReturnValue:
    asking = _asking()
    found = load_question(db.session, asking, key, _giving(key), clock.now())
    return render_template("desk/results/question.html", found=found, **_frame(asking))


@blueprint.get("/funnel")
def way() -> ResponseReturnValue:
    asking = _asking()
    found, stops = funnel.load_way(db.session, asking)
    return render_template(
        "desk/results/funnel.html",
        funnel=found,
        stops=stops,
        whole=not funnel.starts_at_sending(asking),
        **_frame(asking),
    )


@blueprint.get("/results.csv")
def download() -> ResponseReturnValue:
    asking, key = _asking(), request.args.get("key", "")
    found = load_figures(db.session, asking, clock.now())
    wanted = [card for card in found.cards if not key or card.asked.key == key]
    return _csv(sheets.figures_csv(wanted, asking.period.parts), "results")


@blueprint.get("/funnel.csv")
def way_csv() -> ResponseReturnValue:
    return _csv(sheets.funnel_csv(funnel.load_funnel(db.session, _asking())), "funnel")


@blueprint.get("/questions.csv")
def stops_csv() -> ResponseReturnValue:
    asking = _asking()
    if asking.scope.is_every:
        abort(404)
    return _csv(sheets.drop_off_csv(funnel.drop_off(db.session, asking)), "questions")


@blueprint.get("/confidential.csv")
def confidential_csv() -> ResponseReturnValue:
    asking = _asking()
    today = clock.now().astimezone(asking.zone).date()
    kept = confidential(db.session, asking.scope, today, get_firm(db.session).expire_after_days)
    return _csv(sheets.confidential_csv(kept), "confidential")


def _csv(lines: Iterable[str], name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return Response("".join(lines).encode("utf-8-sig", "replace"), mimetype="text/csv", headers=headers)


def _asking() -> Asking:
    asked = request.args
    choice = Choice(
        questionnaire=asked.get("questionnaire", ""),
        version=asked.get("version", ""),
        span=_span(),
        since=_day(asked.get("since")),
        until=_day(asked.get("until")),
        wanted=Wanted(
            kind=_text("kind"),
            staff=_text("staff"),
            language=_text("language"),
            client=_text("client").strip(),
            origin=origin if (origin := asked.get("origin", "")) in set(ResponseOrigin) else "",
        ),
    )
    return ask(db.session, choice, clock.now(), managers=auth.can("manager"))


def _text(name: str) -> str:
    """A filter's text, as a database can take it."""
    return request.args.get(name, "").replace("\0", "")[:LONGEST_NAME]


def _usual() -> str:
    """The way is looked at for the last months: what is long past cannot be mended, and each visit is judged."""
    return SHORT_SPAN if request.endpoint in {"results.way", "results.way_csv", "results.stops_csv"} else USUAL_SPAN


def _span() -> str:
    asked = request.args.get("span", "")
    dated = bool(_day(request.args.get("since")) or _day(request.args.get("until")))
    if asked not in dict(SPAN_CHOICES):
        return OWN_DATES if dated else _usual()
    return _usual() if asked == OWN_DATES and not dated else asked


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _giving(key: str) -> tuple[str, int, int] | None:
    """`?answer=csat:4:5`: of those alone who gave that; anything else says nothing."""
    name, _, numbers = request.args.get("answer", "").replace("\0", "").rpartition(":")
    name, _, low = name.rpartition(":")
    if name.partition(".")[0] != key or not (low.isdecimal() and numbers.isdecimal()):
        return None
    return name, min(int(low), 99), min(int(numbers), 99)


def _frame(asking: Asking) -> Mapping[str, Any]:
    """What the frame of every results page needs: the choices, and the address of what is shown."""
    wanted, dated = asking.wanted, _span() == OWN_DATES
    here = {
        "questionnaire": asking.scope.choice if len(asking.scope.questionnaires) > 1 else "",
        "version": asking.scope.version,
        "span": "" if _span() == _usual() else _span(),
        "since": asking.period.first.isoformat() if dated else "",
        "until": asking.period.last.isoformat() if dated else "",
        "kind": wanted.kind,
        "staff": wanted.staff,
        "language": wanted.language,
        "client": wanted.client,
        "origin": wanted.origin,
    }
    asked = {key: value for key, value in here.items() if value}
    return {
        "asking": asking,
        "period": asking.period,
        "span": _span(),
        "asked": asked,
        "chips": _chips(asking, asked),
        "choices": _choices(asking),
        "least": counting.LEAST,
    }


def _choices(asking: Asking) -> Mapping[str, list[tuple[str, str]]]:
    found = languages(db.session)
    return {
        "span": list(SPAN_CHOICES),
        "kind": [("", "All"), *((kind, kind) for kind in asking.kinds)],
        "staff": [("", "Everybody"), *((name, name) for name in staff_names(db.session))] if asking.managers else [],
        "language": [("", "All"), *((code, LANGUAGES.get(code, code)) for code in found)],
        "origin": list(ORIGINS),
    }


def _chips(asking: Asking, asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every filter in force in words, with the address of the page without it."""
    wanted = asking.wanted
    said = {
        "kind": wanted.kind,
        "staff": f"Done by {wanted.staff}",
        "language": f"In {LANGUAGES.get(wanted.language, wanted.language)}",
        "client": f"Client: {wanted.client}",
        "origin": dict(ORIGINS).get(wanted.origin, ""),
    }
    place: dict[str, Any] = {**(request.view_args or {}), **asked}
    return [
        (said[key], url_for(str(request.endpoint), **{k: v for k, v in place.items() if k != key}))
        for key in said
        if key in asked
    ]
