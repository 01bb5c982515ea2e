"""The desk: the firm, its service promise, its people and keys. For admins."""

from zoneinfo import available_timezones

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from survey import api_keys, auth, clock, firm_settings, people, runtime
from survey.auth import make_sign_in_link
from survey.colours import FALLBACK, is_colour, themes
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.firm_settings import MOST_STEPS, STEP_LENGTH, put_step_back, save_identity, save_logo, save_promise
from survey.firms import get_firm
from survey.forms.settings import ROLE_CHOICES, FirmForm, KeyForm, PersonForm
from survey.languages import LANGUAGES, primary
from survey.logos import prepared
from survey.promise import PromiseStep, promise_steps, written_in
from survey.users import ApiKey, User
from survey.views.messages import posted, tell

ODD_ZONES = ("Etc/", "posix", "right")

blueprint = auth.guard(Blueprint("settings", __name__, url_prefix="/desk/settings"), read="admin", write="admin")


@blueprint.route("", methods=["GET", "POST"])
def firm() -> ResponseReturnValue:
    form = FirmForm(posted(), obj=get_firm(db.session))
    if request.method == "POST" and form.validate():
        with transaction() as session:
            save_identity(session, form.identity(), clock.now())
        flash("Saved. Emails and surveys look like this from now on.", "good")
        return redirect(url_for(".firm"), code=303)
    return _firm_page(form)


def _firm_page(form: FirmForm, logo_problem: str = "") -> ResponseReturnValue:
    chosen = form.colour.data or ""
    shown = chosen if is_colour(chosen) else FALLBACK
    page = render_template(
        "desk/settings/firm.html",
        form=form,
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(ODD_ZONES)),
        colour=shown,
        themes=themes(shown),
        firm=get_firm(db.session),
        logo_problem=logo_problem,
        logo_before=firm_settings.logo_before(db.session),
    )
    return page, 422 if form.errors or logo_problem else 200


@blueprint.post("/logo")
def logo() -> ResponseReturnValue:
    """A new logo, from a file."""
    file = request.files.get("logo")
    try:
        if file is None or not file.filename:
            raise InvalidInputError("Choose a picture first.", "logo")
        made = prepared(file.read())
        with transaction() as session:
            save_logo(session, made, clock.now())
    except InvalidInputError as error:
        return _firm_page(FirmForm(obj=get_firm(db.session)), logo_problem=str(error))
    flash("Your logo is on surveys and emails from now on.", "good")
    return redirect(url_for(".firm", _anchor="logo"), code=303)


@blueprint.post("/logo/use")
def use_logo() -> ResponseReturnValue:
    """Back to a logo of before, or to none."""
    with transaction() as session:
        firm_settings.use_logo(session, request.form.get("digest", ""), clock.now())
    flash("Saved. Surveys and emails look like this from now on.", "good")
    return redirect(url_for(".firm", _anchor="logo"), code=303)


@blueprint.get("/colour")
def colour() -> ResponseReturnValue:
    asked = request.args.get("colour", "").lower()
    shown = asked if is_colour(asked) else FALLBACK
    return render_template("desk/settings/_colour.html", colour=shown, themes=themes(shown))


@blueprint.route("/promise", methods=["GET", "POST"])
def promise() -> ResponseReturnValue:
    if request.method == "GET":
        firm = get_firm(db.session)
        return _promise_page(written_in(promise_steps(firm.promise), primary(firm.language)))
    sent, do = _sent_steps(), request.form.get("do", "")
    steps = _rearranged(sent, do)
    try:
        with transaction() as session:
            save_promise(session, steps, clock.now())
    except InvalidInputError as error:
        return _promise_page(steps, str(error))
    gone = next(((at, step) for at, step in enumerate(sent) if step not in steps and step.key), None)
    undo = url_for(".put_back", signed=_step_signer().dumps([gone[0], gone[1].as_dict()])) if gone else None
    tell("Saved. New surveys ask about these steps.", undo=undo)
    verb, _, place = do.partition("-")
    moved = sent[int(place)].key if verb in {"up", "down"} and steps != sent else None
    return redirect(url_for(".promise", _anchor=f"step-{moved}" if moved else None), code=303)


@blueprint.post("/promise/put-back/<signed>")
def put_back(signed: str) -> ResponseReturnValue:
    """A step that was taken out of the promise comes back."""
    try:
        place, step = _step_signer().loads(signed)
        with transaction() as session:
            put_step_back(session, place, promise_steps([step])[0], clock.now())
        tell("The step is back.")
    except BadSignature:
        tell("This can’t be undone here any more.", "warning")
    except (ConflictError, InvalidInputError) as error:
        tell(str(error), "warning")
    return redirect(url_for(".promise"), code=303)


def _step_signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="promise-step")


def _promise_page(steps: list[PromiseStep], problem: str = "") -> ResponseReturnValue:
    own = primary(get_firm(db.session).language)
    page = render_template(
        "desk/settings/promise.html",
        steps=steps,
        problem=problem,
        most=MOST_STEPS,
        longest=STEP_LENGTH,
        others={code: name for code, name in LANGUAGES.items() if code != own},
        address=runtime.settings().base_url + url_for("promise.show"),
    )
    return page, 422 if problem else 200


def _sent_steps() -> list[PromiseStep]:
    sent = request.form
    columns = {code: sent.getlist(f"text_{code}") for code in LANGUAGES}
    steps = [
        PromiseStep(key, text.strip(), {code: said[at] for code, said in columns.items() if at < len(said)})
        for at, (key, text) in enumerate(zip(sent.getlist("key"), sent.getlist("text"), strict=False))
    ]
    added = sent.get("new", "").strip()
    return [*steps, PromiseStep("", added)] if added else steps


def _rearranged(steps: list[PromiseStep], do: str) -> list[PromiseStep]:
    """`steps` after the button that was pressed: "up-2", "down-0", "remove-1", or "" for just saving."""
    verb, _, place = do.partition("-")
    at = int(place) if place.isascii() and place.isdigit() else -1
    if not 0 <= at < len(steps):
        return steps
    rest = [step for index, step in enumerate(steps) if index != at]
    to = {"up": max(0, at - 1), "down": at + 1}.get(verb)
    return rest if verb == "remove" else [*rest[:to], steps[at], *rest[to:]] if to is not None else steps


@blueprint.get("/people")
def people_page() -> ResponseReturnValue:
    return _people_page(PersonForm(role="manager"))


def _people_page(
    form: PersonForm, *, link: str = "", invited: User | None = None, status: int = 200
) -> ResponseReturnValue:
    everyone = db.session.scalars(select(User).order_by(User.active.desc(), User.name, User.email)).all()
    page = render_template(
        "desk/settings/people.html",
        form=form,
        everyone=everyone,
        roles=ROLE_CHOICES,
        link=link,
        invited=invited,
        calls_per_week=get_firm(db.session).calls_per_week,
        most_calls=people.MOST_CALLS,
    )
    return page, status


@blueprint.post("/people")
def invite() -> ResponseReturnValue:
    form = PersonForm(request.form)
    if not form.validate():
        return _people_page(form, status=422)
    try:
        with transaction() as session:
            user = people.create_person(
                session, form.email.data or "", form.role.data, clock.now(), name=form.name.data or ""
            )
            link = make_sign_in_link(session, user, clock.now())
    except (ConflictError, InvalidInputError) as error:
        form.email.errors = [str(error)]
        return _people_page(form, status=422)
    return _people_page(PersonForm(role="manager"), link=link, invited=user)


@blueprint.post("/people/<int:user_id>/link")
def new_link(user_id: int) -> ResponseReturnValue:
    with transaction() as session:
        user = _person(user_id)
        link = make_sign_in_link(session, user, clock.now())
    return _people_page(PersonForm(role="manager"), link=link, invited=user)


@blueprint.post("/people/<int:user_id>/role")
def role(user_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            user = _person(user_id)
            people.set_role(session, user, request.form.get("role", ""))
        flash(f"{user.display_name} is {user.roles[0].name} now.", "good")
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "danger")
    return redirect(url_for(".people_page"), code=303)


@blueprint.post("/people/calls")
def usual_calls() -> ResponseReturnValue:
    try:
        with transaction() as session:
            number = people.set_calls_per_week(session, None, request.form.get("calls", ""))
        flash(f"Everybody without a number of their own has room for {number} calls a week.", "good")
    except InvalidInputError as error:
        flash(str(error), "danger")
    return redirect(url_for(".people_page"), code=303)


@blueprint.post("/people/<int:user_id>/calls")
def calls(user_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            user = _person(user_id)
            number = people.set_calls_per_week(session, user, request.form.get("calls", ""))
        said = f"has room for {number} calls a week" if number else "has as much room as everybody"
        flash(f"{user.display_name} {said}.", "good")
    except InvalidInputError as error:
        flash(str(error), "danger")
    return redirect(url_for(".people_page"), code=303)


@blueprint.post("/people/<int:user_id>/active")
def active(user_id: int) -> ResponseReturnValue:
    lets_in = request.form.get("active") == "yes"
    try:
        with transaction() as session:
            user = _person(user_id)
            people.set_active(session, user, lets_in)
        flash(f"{user.display_name} {'may sign in again' if lets_in else 'cannot sign in any more'}.", "good")
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for(".people_page"), code=303)


def _person(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFoundError("There is no such person.")
    return user


@blueprint.get("/keys")
def keys() -> ResponseReturnValue:
    return _keys_page(KeyForm())


def _keys_page(form: KeyForm, *, secret: str = "", status: int = 200) -> ResponseReturnValue:
    listed = db.session.scalars(select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())).all()
    return render_template("desk/settings/keys.html", form=form, keys=listed, secret=secret), status


@blueprint.post("/keys")
def create_key() -> ResponseReturnValue:
    form = KeyForm(request.form)
    if not form.validate():
        return _keys_page(form, status=422)
    with transaction() as session:
        _key, secret = api_keys.create(session, form.name.data or "", clock.now())
    return _keys_page(KeyForm(), secret=secret)


@blueprint.post("/keys/<int:key_id>/revoke")
def revoke_key(key_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            key = session.get(ApiKey, key_id)
            if key is None:
                raise NotFoundError("There is no such key.")
            api_keys.revoke(session, key, clock.now())
        flash(f"The key “{key.name}” is revoked. Programs that use it are refused from now on.", "good")
    except ConflictError as error:
        flash(str(error), "warning")
    return redirect(url_for(".keys"), code=303)
