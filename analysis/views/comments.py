"""Comments: what clients wrote, how it was read, and what people say against that."""

import json
from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.comments import CommentFilter, as_csv, comment_count, comments
from analysis.desk.confusion import corrections_page
from analysis.desk.trends import SPANS, USUAL_SPAN, trends
from analysis.desk.words import INTENT_WORDS, MOOD_WORDS, SENTIMENT_WORDS, aspect_words
from analysis.reading.corrections import MOODS, correct, correction_by_id, reading_by_id, standing, undo_correction
from analysis.reading.subjects import own_names, own_subjects
from analysis.reading.training_rows import training_rows
from analysis.views import parts
from survey import auth, clock
from survey.asking.schedule import zone_for
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.paging import page_number

blueprint = Blueprint("comments", __name__, url_prefix="/desk/comments")
auth.guard(blueprint)
parts.install(blueprint)

ONLY_WORDS = {"corrected": "Corrected", "unsure": "Unsure"}
NOT_MENTIONED = "none"
LONGEST_NAME = 60  # of a subject


@blueprint.get("")
def index() -> ResponseReturnValue:
    wanted = _wanted()
    page = comments(db.session, wanted, _zone(), page_number(request.args.get("page")))
    return render_template(
        "desk/comments/index.html",
        page=page,
        wanted=wanted,
        chips=_chips(wanted),
        asked=_asked(wanted),
        any_at_all=bool(page.total) or comment_count(db.session) > 0,
        choices=_choices(wanted.aspect),
    )


@blueprint.get("/comments.csv")
def download() -> ResponseReturnValue:
    lines = "".join(as_csv(db.session, _wanted(), _zone()))
    headers = {"Content-Disposition": "attachment; filename=comments.csv"}
    return Response(lines.encode("utf-8-sig", "replace"), mimetype="text/csv", headers=headers)


def _zone() -> tzinfo:
    return zone_for(get_firm(db.session).timezone)


def _wanted() -> CommentFilter:
    """What the query string asks for; a value that means nothing is as if it were left out."""
    asked = request.args
    return CommentFilter(
        words=asked.get("q", "").strip(),
        sentiment=parts.one_of(asked.get("sentiment"), ("", *SENTIMENT_WORDS)),
        aspect=asked.get("aspect", "").strip()[:LONGEST_NAME],
        mood=parts.one_of(asked.get("mood"), ("", *MOODS)),
        intent=parts.one_of(asked.get("intent"), ("", *INTENT_WORDS)),
        client=asked.get("client", "").strip(),
        since=_day(asked.get("since")),
        until=_day(asked.get("until")),
        only=parts.one_of(asked.get("only"), ("", *ONLY_WORDS)),
    )


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if date(1970, 1, 1) <= found <= date(9000, 1, 1) else None  # room for a day more, and any zone


def _asked(wanted: CommentFilter) -> dict[str, str]:
    """The filter as the query string that leads to it."""
    found = {
        "q": wanted.words,
        "sentiment": wanted.sentiment,
        "aspect": wanted.aspect,
        "mood": wanted.mood,
        "intent": wanted.intent,
        "client": wanted.client,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "only": wanted.only,
    }
    return {key: value for key, value in found.items() if value}


def _chips(wanted: CommentFilter) -> list[tuple[str, str]]:
    """Every filter in force in words, with the address of the list without it."""
    said = {
        "q": f"“{wanted.words}”",
        "sentiment": SENTIMENT_WORDS.get(wanted.sentiment, ""),
        "aspect": f"About: {aspect_words(wanted.aspect, own_names(db.session))}",
        "mood": f"Spoken of {MOOD_WORDS.get(wanted.mood, '')}",
        "intent": INTENT_WORDS.get(wanted.intent, ""),
        "client": f"Client: {wanted.client}",
        "since": f"From {wanted.since:%d %b %Y}" if wanted.since else "",
        "until": f"To {wanted.until:%d %b %Y}" if wanted.until else "",
        "only": ONLY_WORDS.get(wanted.only, ""),
    }
    asked: dict[str, Any] = {**_asked(wanted)}
    return [(said[key], url_for(".index", **{k: v for k, v in asked.items() if k != key})) for key in asked]


CHOICES: Mapping[str, list[tuple[str, str]]] = {
    "sentiment": [("", "Any"), *SENTIMENT_WORDS.items()],
    "mood": [("", "Either way"), ("negative", "Badly"), ("positive", "Well"), ("neutral", "Neither")],
    "intent": [("", "Any"), *INTENT_WORDS.items()],
    "only": [("", "All"), *ONLY_WORDS.items()],
}


def _choices(aspect: str) -> Mapping[str, list[tuple[str, str]]]:
    """What each filter offers; `aspect` also when it is archived, or made up by an address."""
    own = own_subjects(db.session)
    subjects = [("", "Any"), *parts.subject_choices(own)]
    if aspect not in dict(subjects):
        subjects.append((aspect, aspect_words(aspect, {row.key: row.name for row in own})))
    return {**CHOICES, "aspect": subjects}


@blueprint.get("/trends")
def over_time() -> ResponseReturnValue:
    asked = request.args.get("months", "")
    months = int(asked) if asked in {str(span) for span in SPANS} else USUAL_SPAN
    zone = _zone()
    found = trends(db.session, clock.now().astimezone(zone).date(), zone, months)
    return render_template("desk/comments/trends.html", trends=found, months=months, spans=SPANS)


@blueprint.get("/corrections")
def corrections() -> ResponseReturnValue:
    model = request.args.get("model", "")
    found = corrections_page(db.session, model, page_number(request.args.get("page")))
    return render_template("desk/comments/corrections.html", found=found, model=model)


@blueprint.get("/corrections.jsonl")
def export() -> ResponseReturnValue:
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in training_rows(db.session))
    headers = {"Content-Disposition": "attachment; filename=corrections.jsonl"}
    return Response(lines.encode("utf-8", "replace"), mimetype="application/jsonl", headers=headers)


@blueprint.post("/readings/<int:reading_id>/correct")
def correct_reading(reading_id: int) -> ResponseReturnValue:
    with transaction() as session:
        analysis = reading_by_id(session, reading_id)
        before = standing(session, {analysis.answer_id: analysis})[analysis.answer_id]
        done = correct(
            session,
            analysis.answer,
            analysis,
            sentiment=request.form.get("sentiment", before.sentiment),
            aspects=_aspects(before.aspects),
            note=request.form.get("note", ""),
            user_id=current_user_id(),
            now=clock.now(),
        )
    back = parts.next_page(url_for(".index"))
    parts.flash_with_undo("Corrected. The client is scored again.", url_for(".undo", correction_id=done.id, next=back))
    return redirect(back, code=303)


def _aspects(before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The aspects as the form leaves them: one field for each that was shown, and one that may be added."""
    kept = []
    for mention in before:
        mood = request.form.get(f"mood:{mention['aspect']}:{mention['sentiment']}", mention["sentiment"])
        if mood != NOT_MENTIONED:
            kept.append({**mention, "sentiment": mood})
    added, mood = request.form.get("add", ""), request.form.get("add_mood", "")
    if added:
        if added not in dict(parts.subject_choices(own_subjects(db.session))):
            raise InvalidInputError("There is no such subject.", "add")
        if not any((mention["aspect"], mention["sentiment"]) == (added, mood) for mention in kept):
            kept.append({"aspect": added, "sentiment": mood, "start": 0, "end": 0})
    return kept


@blueprint.post("/corrections/<int:correction_id>/undo")
def undo(correction_id: int) -> ResponseReturnValue:
    with transaction() as session:
        undo_correction(session, correction_by_id(session, correction_id), clock.now())
    flash("Taken back: the comment reads as it did before.", "good")
    return redirect(parts.next_page(url_for(".index")), code=303)


@blueprint.errorhandler(ConflictError)
@blueprint.errorhandler(InvalidInputError)
def refuse(error: ConflictError | InvalidInputError) -> ResponseReturnValue:
    """Nothing was changed, or somebody was faster: say so where the person is, with the page as it is now."""
    flash(str(error), "warning")
    return redirect(parts.next_page(url_for(".index")), code=303)
