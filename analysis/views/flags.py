"""The flagged list, a flag's page, and what a manager does about it."""

from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from analysis.desk.attention import STATUSES, AttentionFilter, attention, live_count, summary
from analysis.desk.clients import who_to_call
from analysis.desk.flag_page import flag_by_id, flag_page, last_actions, people_who_act
from analysis.desk.timeline import timeline
from analysis.desk.week import the_week
from analysis.flags import followups
from analysis.flags.days import change_of, since_last_day
from analysis.forms import ContactForm, NoteForm, OwnerForm, PromiseForm, ResolveForm
from analysis.models import FollowUp, FollowUpKind, OutcomeResult, Severity
from analysis.views import parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.firms import get_firm
from survey.paging import page_number

blueprint = Blueprint("flags", __name__, url_prefix="/desk")
auth.guard(blueprint)
parts.install(blueprint)

TIMELINE_HERE = 15  # the rest is on the client's page


@blueprint.app_context_processor
def count_attention() -> dict[str, Any]:
    """`attention_count` for the desk's frame; asked of the database only where a template shows it."""
    return {"attention_count": LocalProxy(_attention_count)}


def _attention_count() -> int:
    """Counted once in a request; 0 where the database cannot be asked (the error page shows the frame too)."""
    if "attention_count" not in g:
        try:
            g.attention_count = live_count(db.session)
        except SQLAlchemyError:
            g.attention_count = 0
    return int(g.attention_count)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    wanted = AttentionFilter(
        owner=parts.one_of(request.args.get("owner"), ("all", "mine", "unassigned")),
        severity=parts.member(Severity, request.args.get("severity")),
        status=parts.one_of(request.args.get("status"), tuple(STATUSES)),
        search=request.args.get("q", "").strip(),
    )
    user_id, now, firm = current_user_id(), clock.now(), get_firm(db.session)
    week = the_week(db.session, firm, now)
    page = attention(db.session, wanted, user_id, week.plan, page_number(request.args.get("page")))
    since = since_last_day(db.session, firm, now)
    return render_template(
        "desk/flags/index.html",
        page=page,
        sections=[(place, list(rows)) for place, rows in groupby(page.items, lambda row: row.place)],
        wanted=wanted,
        week=week,
        weeks=[one for one in week.owners if wanted.owner != "mine" or one.owner.id == user_id],
        since=since,
        changes=since.by_flag(),
        summary=summary(db.session, user_id, now),
    )


@blueprint.get("/flags/<int:flag_id>")
def show(flag_id: int) -> ResponseReturnValue:
    return _page(flag_id)


def _page(flag_id: int, **submitted: Any) -> str:
    """The flag's page; a form in `submitted` is shown as it was filled in, with its errors."""
    session, now = db.session, clock.now()
    page = flag_page(session, flag_id)
    day, change = change_of(session, get_firm(session), page.flag, now)
    forms = {
        "owner": OwnerForm(formdata=None).offer(people_who_act(session), page.flag.owner_id),
        "promise": PromiseForm(formdata=None).suggest(now),
        "contact": ContactForm(formdata=None),
        "note": NoteForm(formdata=None),
        "resolve": ResolveForm(formdata=None),
    }
    actions = last_actions(session, flag_id)
    return render_template(
        "desk/flags/show.html",
        page=page,
        flag=page.flag,
        day=day,
        change=change,
        forms=forms | submitted,
        contacts=who_to_call(session, page.flag.client_id),
        timeline=timeline(session, page.flag.client_id, limit=TIMELINE_HERE),
        undoable=_undoable(actions, now),
    )


def _undoable(actions: list[FollowUp], now: datetime) -> frozenset[int]:
    """The ids of the actions that this person may undo now."""
    user_id = current_user_id()
    return frozenset(
        action.id for action in actions if followups.why_not_undo(db.session, action, user_id, now) is None
    )


@blueprint.post("/flags/<int:flag_id>/acknowledge")
def acknowledge(flag_id: int) -> ResponseReturnValue:
    with transaction() as session:
        flag = flag_by_id(session, flag_id)
        done = followups.acknowledge(session, flag, current_user_id(), clock.now())
    return _done(flag_id, done, f"{flag.client.name}: acknowledged. You look after them now.")


@blueprint.post("/flags/<int:flag_id>/owner")
def assign(flag_id: int) -> ResponseReturnValue:
    with transaction() as session:
        flag = flag_by_id(session, flag_id)
        form = OwnerForm().offer(people_who_act(session), flag.owner_id)
        if not form.validate_on_submit():
            return _page(flag_id, owner=form), 422
        done = followups.assign(session, flag, form.owner_id, current_user_id(), clock.now())
    return _done(flag_id, done, "The flag has a new owner." if form.owner_id else "Nobody looks after this flag now.")


@blueprint.post("/flags/<int:flag_id>/promise")
def promise(flag_id: int) -> ResponseReturnValue:
    form = PromiseForm()
    if not form.validate_on_submit():
        return _page(flag_id, promise=form), 422
    with transaction() as session:
        flag, due_at = flag_by_id(session, flag_id), form.due_at(get_firm(session).timezone)
        note = form.note.data or ""
        done = followups.promise_call(session, flag, current_user_id(), due_at, note, clock.now())
    return _done(flag_id, done, "Call promised. It is on the list until you log it.")


@blueprint.post("/flags/<int:flag_id>/contact")
def contact(flag_id: int) -> ResponseReturnValue:
    form = ContactForm()
    if not form.validate_on_submit():
        return _page(flag_id, contact=form), 422
    with transaction() as session:
        flag = flag_by_id(session, flag_id)
        done = followups.log_contact(session, flag, current_user_id(), form.note.data or "", clock.now())
    return _done(flag_id, done, "Contact logged.")


@blueprint.post("/flags/<int:flag_id>/note")
def note(flag_id: int) -> ResponseReturnValue:
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(flag_id, note=form), 422
    with transaction() as session:
        flag = flag_by_id(session, flag_id)
        done = followups.add_note(session, flag.client, current_user_id(), form.note.data or "", clock.now(), flag)
    return _done(flag_id, done, "Note saved.")


@blueprint.post("/flags/<int:flag_id>/resolve")
def resolve(flag_id: int) -> ResponseReturnValue:
    form = ResolveForm()
    if not form.validate_on_submit():
        return _page(flag_id, resolve=form), 422
    with transaction() as session:
        flag, result = flag_by_id(session, flag_id), OutcomeResult(form.result.data)
        done = followups.resolve(session, flag, current_user_id(), result, form.note.data or "", clock.now())
    return _done(flag_id, done, f"{flag.client.name}: resolved. Thank you, the next flags learn from it.")


@blueprint.post("/follow-ups/<int:follow_up_id>/undo")
def undo(follow_up_id: int) -> ResponseReturnValue:
    with transaction() as session:
        done = session.get(FollowUp, follow_up_id)
        if done is None or (done.flag_id is None and done.kind is not FollowUpKind.NOTE):
            raise NotFoundError("There is nothing to undo here.")
        followups.undo(session, done, current_user_id(), clock.now())
    flash("Undone: everything is as it was before.", "good")
    here = url_for("clients.show", client_id=done.client_id)
    return redirect(parts.next_page(url_for("flags.show", flag_id=done.flag_id) if done.flag_id else here), code=303)


@blueprint.errorhandler(ConflictError)
@blueprint.errorhandler(InvalidInputError)
def refuse(error: ConflictError | InvalidInputError) -> ResponseReturnValue:
    """Somebody else was faster, or the day has passed: say so where the person is, with the page as it is now."""
    flash(str(error), "warning")
    flag_id = (request.view_args or {}).get("flag_id")
    return redirect(parts.next_page(url_for("flags.show", flag_id=flag_id) if flag_id else "/desk/"), code=303)


def _done(flag_id: int, follow_up: FollowUp, text: str) -> ResponseReturnValue:
    """Back to where the person was, with a line that says what happened and a button that takes it back."""
    parts.flash_undo(text, follow_up)
    return redirect(parts.next_page(url_for("flags.show", flag_id=flag_id)), code=303)
