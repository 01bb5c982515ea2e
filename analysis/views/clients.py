"""Clients, one client's page, and the ladder they stand on."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.clients import SORTS, USUAL_SORT, ClientFilter, client_page, clients
from analysis.desk.flag_page import people_who_act
from analysis.desk.ladder import ladder_page
from analysis.desk.reasons import reasons_of
from analysis.desk.timeline import timeline
from analysis.desk.why_not import distance, why_not
from analysis.desk.words import RUNG_WORDS
from analysis.flags import followups
from analysis.forms import NoteForm, OwnerForm
from analysis.models import Referral, Rung
from analysis.queries import client_by_id
from analysis.scoring import referrals
from analysis.scoring.interests import note_interests
from analysis.scoring.ownership import give_client
from analysis.views import parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, row_by_id, transaction
from survey.editing import mark_ours
from survey.errors import ConflictError, InvalidInputError
from survey.evidence.queries import unconfirmed_of_client
from survey.paging import page_number
from survey.repairs.queries import repairs_of_client

blueprint = Blueprint("clients", __name__, url_prefix="/desk")
auth.guard(blueprint)
parts.install(blueprint)

SORT_VALUES = (USUAL_SORT, *SORTS, *(f"-{key}" for key in SORTS))


@blueprint.get("/clients")
def index() -> ResponseReturnValue:
    wanted = ClientFilter(
        search=request.args.get("q", "").strip(),
        rung=parts.member(Rung, request.args.get("rung")),
        owner=parts.one_of(request.args.get("owner"), ("all", "mine", "unassigned")),
        flagged=request.args.get("flagged") == "1",
        overlooked=request.args.get("flagged") == "overlooked",
        sort=parts.one_of(request.args.get("sort"), SORT_VALUES),
    )
    page, now = clients(db.session, wanted, current_user_id(), page_number(request.args.get("page"))), clock.now()
    why = {row.client.id: why_not(db.session, row.client, row.state, now) for row in page.items if wanted.overlooked}
    return render_template("desk/clients/index.html", page=page, wanted=wanted, why=why, rungs=[*RUNG_WORDS.items()])


@blueprint.get("/clients/<int:client_id>")
def show(client_id: int) -> ResponseReturnValue:
    return _page(client_id)


def _page(client_id: int, note: NoteForm | None = None, referral_error: str = "", interests_error: str = "") -> str:
    """The client's page; what was sent is shown as it was filled in, with its errors."""
    page = client_page(db.session, client_id)
    return render_template(
        "desk/clients/show.html",
        page=page,
        client=page.client,
        state=page.state,
        signals=reasons_of(page.state.signals if page.state else []),
        why_not=None if page.flag else why_not(db.session, page.client, page.state, clock.now()),
        distance=distance,
        unconfirmed=unconfirmed_of_client(db.session, clock.now(), client_id),
        timeline=timeline(db.session, client_id, before=_moment(request.args.get("before"))),
        owner_form=OwnerForm(formdata=None).offer(people_who_act(db.session), page.client.owner_id),
        note_form=note or NoteForm(formdata=None),
        referrals=referrals.referrals_by(db.session, client_id),
        referral_error=referral_error,
        moment_of=datetime.fromisoformat,
        referral_name=request.form.get("client", ""),
        repairs=repairs_of_client(db.session, client_id),
        interests_error=interests_error,
        interests_text=request.form.get("interests", ""),
    )


def _moment(text: str | None) -> datetime | None:
    """`?before=` of this request; None for anything that is not an aware moment."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


@blueprint.post("/clients/<int:client_id>/owner")
def assign(client_id: int) -> ResponseReturnValue:
    with transaction() as session:
        client = client_by_id(session, client_id)
        form = OwnerForm().offer(people_who_act(session), client.owner_id)
        if form.validate_on_submit():
            give_client(session, client, form.owner_id, current_user_id(), clock.now())
            flash(
                f"{client.name} has a new owner." if form.owner_id else f"Nobody looks after {client.name} now.", "good"
            )
    return redirect(url_for("clients.show", client_id=client_id), code=303)


@blueprint.post("/clients/<int:client_id>/note")
def note(client_id: int) -> ResponseReturnValue:
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(client_id, form), 422
    with transaction() as session:
        client = client_by_id(session, client_id)
        done = followups.add_note(session, client, current_user_id(), form.note.data or "", clock.now())
    parts.flash_undo("Note saved.", done)
    return redirect(url_for("clients.show", client_id=client_id), code=303)


@blueprint.post("/clients/<int:client_id>/<any(ours, theirs):whose>")
def belongs(client_id: int, whose: str) -> ResponseReturnValue:
    """Ours: the firm itself or an account for tests, never surveyed or flagged. Theirs: a client. Each undoes it."""
    ours, now = whose == "ours", clock.now()
    said = "is one of ours: never surveyed or flagged." if ours else "is a client: surveyed and flagged like any other."
    with transaction() as session:
        client = client_by_id(session, client_id)
        if mark_ours(session, client, now, ours=ours):
            followups.add_note(session, client, current_user_id(), f"{client.name} {said}", now)
    back = url_for(".belongs", client_id=client_id, whose="theirs" if ours else "ours")
    parts.flash_with_undo(f"{client.name} {said}", back)
    return redirect(url_for(".show", client_id=client_id), code=303)


@blueprint.post("/clients/<int:client_id>/interests")
def interests(client_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            note_interests(session, client_by_id(session, client_id), request.form.get("interests", ""))
    except InvalidInputError as error:
        return _page(client_id, interests_error=str(error)), 422
    flash("Noted what they care about.", "good")
    return redirect(url_for(".show", client_id=client_id, _anchor="interests-title"), code=303)


@blueprint.post("/clients/<int:client_id>/referrals")
def refer(client_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            client = client_by_id(session, client_id)
            done = referrals.record_referral(
                session, client, request.form.get("client", ""), current_user_id(), clock.now()
            )
    except (InvalidInputError, ConflictError) as error:
        return _page(client_id, referral_error=str(error)), 422
    parts.flash_with_undo(f"{client.name} sent you {done.name}.", url_for(".undo_referral", referral_id=done.id))
    return redirect(url_for(".show", client_id=client_id, _anchor="referrals"), code=303)


@blueprint.post("/referrals/<int:referral_id>/undo")
def undo_referral(referral_id: int) -> ResponseReturnValue:
    with transaction() as session:
        done = row_by_id(session, Referral, referral_id, "There is no such referral.")
        try:
            referrals.undo_referral(session, done, clock.now())
            flash(f"Taken back: {done.name}.", "good")
        except ConflictError as error:
            flash(str(error), "warning")
    return redirect(url_for(".show", client_id=done.client_id), code=303)


@blueprint.get("/ladder")
def ladder() -> ResponseReturnValue:
    return render_template("desk/clients/ladder.html", page=ladder_page(db.session, clock.now()))
