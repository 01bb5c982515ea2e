"""Themes: what is being said this month that was not said before, and what was said all along."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.themes import theme_comments, themes_page
from analysis.reading import theme_edits
from analysis.reading.theme_edits import theme_by_id
from analysis.views import parts
from survey import auth, clock
from survey.asking.schedule import zone_for
from survey.auth import current_user_id
from survey.config import ReadingMode
from survey.db import db, transaction
from survey.errors import InvalidInputError
from survey.firms import get_firm
from survey.paging import page_number
from survey.runtime import settings

blueprint = Blueprint("themes", __name__, url_prefix="/desk/comments/themes")
auth.guard(blueprint)
parts.install(blueprint)
blueprint.context_processor(lambda: {"one_day": timedelta(days=1)})


MOST_SHOWN = 24


@blueprint.get("")
def index() -> ResponseReturnValue:
    found = themes_page(db.session, clock.now(), zone_for(get_firm(db.session).timezone))
    fast = settings().text_analyser is ReadingMode.FAST
    shown = len(found.known) if "all" in request.args else MOST_SHOWN
    return render_template("desk/comments/themes.html", found=found, fast=fast, shown=shown)


@blueprint.get("/<int:theme_id>")
def show(theme_id: int) -> ResponseReturnValue:
    theme = theme_by_id(db.session, theme_id)
    found = theme_comments(db.session, theme, page_number(request.args.get("page")))
    return render_template("desk/comments/theme.html", theme=theme, page=found)


@blueprint.post("/<int:theme_id>/rename")
def rename(theme_id: int) -> ResponseReturnValue:
    with transaction() as session:
        theme = theme_by_id(session, theme_id)
        theme_edits.rename(theme, request.form.get("name", ""), current_user_id(), clock.now())
    flash(f"Called “{theme.name}” from now on.", "good")
    return redirect(parts.next_page(url_for(".show", theme_id=theme_id)), code=303)


@blueprint.post("/<int:theme_id>/hide")
def hide(theme_id: int) -> ResponseReturnValue:
    with transaction() as session:
        theme = theme_by_id(session, theme_id)
        theme_edits.hide(theme, clock.now())
    parts.flash_with_undo(f"“{theme.name}” is hidden.", url_for(".show_again", theme_id=theme_id))
    return redirect(parts.next_page(url_for(".index")), code=303)


@blueprint.post("/<int:theme_id>/show-again")
def show_again(theme_id: int) -> ResponseReturnValue:
    with transaction() as session:
        theme = theme_by_id(session, theme_id)
        theme_edits.show_again(theme)
    flash(f"“{theme.name}” is shown again.", "good")
    return redirect(parts.next_page(url_for(".index")), code=303)


@blueprint.errorhandler(InvalidInputError)
def refuse(error: InvalidInputError) -> ResponseReturnValue:
    """A name that cannot be taken: say so where the person is."""
    flash(str(error), "warning")
    theme_id = (request.view_args or {}).get("theme_id")
    return redirect(url_for(".show", theme_id=theme_id) if theme_id else url_for(".index"), code=303)
