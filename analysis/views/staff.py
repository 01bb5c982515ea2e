"""The people who do the work: what ratings say of them, fairly. For managers, because it is about persons."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.staff import contest_by_id, person_page, staff_page
from analysis.models import Verdict
from analysis.relationships import staff as rule
from analysis.scoring import contests
from analysis.views import parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.users import User

blueprint = Blueprint("staff", __name__, url_prefix="/desk/staff")
auth.guard(blueprint, read="manager")
parts.install(blueprint)

SHOWN = 60


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _index_page()


def _index_page(wrong: tuple[int, str] | None = None) -> str:
    """`wrong`: the contest whose decision came back, and why."""
    user, page = db.session.get(User, current_user_id()), staff_page(db.session, clock.now())
    return render_template(
        "desk/staff/index.html",
        page=page,
        rule=rule,
        review_days=contests.REVIEW_IN.days,
        why_not={one.contest.id: contests.why_not_review(one.contest, user) for one in page.waiting},
        wrong=wrong,
        note=request.form.get("note", ""),
        user_id=current_user_id(),
        undo_from=clock.now() - contests.UNDO_WINDOW,
    )


@blueprint.get("/people/<path:name>")
def person(name: str) -> ResponseReturnValue:
    return _person_page(name)


def _person_page(name: str, wrong: tuple[int, str] | None = None) -> str:
    """`wrong`: the response whose contest came back, and why."""
    return render_template(
        "desk/staff/person.html",
        page=person_page(db.session, name, clock.now()),
        rule=rule,
        shown=None if request.args.get("all") else SHOWN,
        review_days=contests.REVIEW_IN.days,
        wrong=wrong,
        reason=request.form.get("reason", ""),
        user_id=current_user_id(),
    )


@blueprint.post("/people/<path:name>")
def contest(name: str) -> ResponseReturnValue:
    response_id = request.form.get("response", type=int) or 0
    try:
        with transaction() as session:
            made = contests.contest_rating(
                session, response_id, name, request.form.get("reason", ""), current_user_id(), clock.now()
            )
    except InvalidInputError as error:
        return _person_page(name, (response_id, str(error))), 422
    parts.flash_with_undo(
        "Contested. Somebody else has to decide; until then it counts.", url_for(".withdraw", contest_id=made.id)
    )
    return redirect(url_for(".person", name=name), code=303)


@blueprint.post("/contests/<int:contest_id>/withdraw")
def withdraw(contest_id: int) -> ResponseReturnValue:
    with transaction() as session:
        contests.withdraw(session, contest_by_id(session, contest_id), current_user_id(), clock.now())
    flash("Taken back: the rating is not contested any more.", "good")
    return redirect(parts.next_page(url_for(".index")), code=303)


@blueprint.post("/contests/<int:contest_id>/review")
def review(contest_id: int) -> ResponseReturnValue:
    verdict = parts.member(Verdict, request.form.get("verdict"))
    if verdict is None:
        return _index_page((contest_id, "Please choose whether it counts.")), 422
    try:
        with transaction() as session:
            found = contest_by_id(session, contest_id)
            contests.review(session, found, verdict, request.form.get("note", ""), current_user_id(), clock.now())
    except InvalidInputError as error:
        return _index_page((contest_id, str(error))), 422
    said = "It counts." if verdict is Verdict.COUNTS else f"It is set aside and no longer counts for {found.name}."
    parts.flash_with_undo(f"Decided. {said}", url_for(".undo_review", contest_id=contest_id))
    return redirect(url_for(".index"), code=303)


@blueprint.post("/contests/<int:contest_id>/undo")
def undo_review(contest_id: int) -> ResponseReturnValue:
    with transaction() as session:
        contests.undo_review(session, contest_by_id(session, contest_id), current_user_id(), clock.now())
    flash("Undone: it waits for a decision again.", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.errorhandler(ConflictError)
def refuse(error: ConflictError) -> ResponseReturnValue:
    """Somebody else was faster, or is the one to decide: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(parts.next_page(url_for(".index")), code=303)
