"""The desk: one contact's name, role, language and hours, and whether they left."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from survey import auth, clock, desk_queries
from survey.asking.schedule import zone_for
from survey.db import db, transaction
from survey.editing import edit_contact
from survey.firms import get_firm
from survey.forms.desk import ROLES, ContactForm
from survey.views.messages import posted

blueprint = auth.guard(Blueprint("contacts", __name__, url_prefix="/desk/contacts"))


@blueprint.route("/<int:contact_id>", methods=["GET", "POST"])
def edit(contact_id: int) -> ResponseReturnValue:
    contact, zone = desk_queries.get_contact(db.session, contact_id), zone_for(get_firm(db.session).timezone)
    form = ContactForm.of(contact, posted(), zone)
    if request.method == "POST" and form.validate():
        with transaction() as session:
            edit_contact(session, desk_queries.get_contact(session, contact_id), form.change(zone), clock.now())
        flash(f"{contact.name or contact.email} saved.", "good")
        return redirect(f"/desk/clients/{contact.client_id}", code=303)
    page = render_template("desk/jobs/contact.html", form=form, contact=contact, roles=ROLES)
    return page, 422 if form.errors else 200
