"""One-time sign-in links, and a person's own account. The password pages are flask-security's, in our templates."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from survey import auth, clock, sign_in
from survey.db import db, transaction

blueprint = auth.public(Blueprint("login", __name__), "the door itself")
account = auth.guard(Blueprint("account", __name__, url_prefix="/account"), read="viewer", write="viewer")


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("flags.index") if current_user.is_authenticated else url_for("security.login"), code=303)


@blueprint.get("/sign-in/<token>")
def show_link(token: str) -> ResponseReturnValue:
    user = sign_in.find_link(db.session, token, clock.now())
    if user is None:
        return render_template("security/link_expired.html"), 410
    return render_template("security/link.html", user=user, token=token)


@blueprint.post("/sign-in/<token>")
def use_link(token: str) -> ResponseReturnValue:
    with transaction() as session:
        user = sign_in.use_link(session, token, clock.now())
    if user is None:
        return render_template("security/link_expired.html"), 410
    second_factor = auth.begin_session(user)
    if second_factor is None:
        flash(f"Welcome, {user.display_name}.", "success")
    return second_factor or redirect("/desk/", code=303)


@account.get("")
def show() -> ResponseReturnValue:
    return render_template("security/account.html")
