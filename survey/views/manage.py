"""The desk's jobs: the list; one job with its surveys and every rule's verdict; added, put right, reopened, closed."""

import secrets
from datetime import tzinfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock, desk_queries, updates
from survey.asking.schedule import zone_for
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.desk_queries import JobSearch
from survey.editing import edit_job
from survey.errors import ConflictError, InvalidInputError
from survey.evidence import queries as evidence_queries
from survey.evidence import records as evidence
from survey.firms import get_firm
from survey.forms.desk import EXCLUSION_CHOICES, CloseJobForm, EditJobForm, NewJobForm, on_clock
from survey.invitations import explain
from survey.jobs import close_job, exclude_job, record_job, reopen_job
from survey.kinds import job_kinds, load_kinds
from survey.models import Exclusion, Job, Resolution
from survey.paging import page_number
from survey.questionnaire import ABOUT_WORDS
from survey.repairs.queries import repairs_of_job
from survey.told import own_answers
from survey.views.messages import posted

blueprint = auth.guard(Blueprint("manage", __name__, url_prefix="/desk"))

SOURCE = "desk"  # of jobs entered by hand
SURVEY_CHOICES = (
    ("", "Any"),
    (desk_queries.OPEN, "Job is open"),
    (desk_queries.NO_SURVEY, "Not decided yet"),
    ("scheduled", "Scheduled"),
    ("held", "On hold"),
    ("sent", "Sent, no answer yet"),
    ("answered", "Answered"),
    ("skipped", "Not asked"),
    ("cancelled", "Cancelled"),
    ("withdrawn", "Taken back"),
    ("expired", "No answer"),
)
EXCLUDED_CHOICES = (
    ("", "All jobs"),
    ("any", "Never asked about"),
    ("spam", "Spam"),
    ("auto_closed", "Closed automatically"),
    ("internal", "Internal work"),
    ("other", "Another reason"),
)


def firm_zone() -> tzinfo:
    """The firm's time zone, in which managers read and write dates."""
    return zone_for(get_firm(db.session).timezone)


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    arguments, kinds = request.args, load_kinds(db.session)
    kind = kinds.named(arguments.get("kind", ""))
    search = JobSearch(
        words=arguments.get("q", "").strip(),
        survey=arguments.get("survey", ""),
        kind=kind,
        spellings=kinds.spellings(kind),
        exclusion=arguments.get("excluded", ""),
        sort=arguments.get("sort", "-completed"),
        number=page_number(arguments.get("page")),
    )
    page = desk_queries.search_jobs(db.session, search)
    return render_template(
        "desk/jobs/index.html",
        search=search,
        page=page,
        survey_choices=SURVEY_CHOICES,
        kind_choices=[("", "Any"), *((name, name) for name in kinds.names.values())],
        excluded_choices=EXCLUDED_CHOICES,
    )


@blueprint.get("/jobs/<int:job_id>")
def job(job_id: int) -> ResponseReturnValue:
    return _job_page(desk_queries.get_job(db.session, job_id))


def _job_page(found: Job, close_form: CloseJobForm | None = None, status: int = 200) -> ResponseReturnValue:
    responses = desk_queries.responses_to(db.session, found)
    now, closings = clock.now(), list(reversed(found.resolutions))
    invitations = [resolution.invitation for resolution in closings if resolution.invitation]
    ids = [invitation.id for invitation in invitations]
    people = {invitation.changed_by_id for invitation in invitations} | {i.forced_by_id for i in invitations}
    page = render_template(
        "desk/jobs/job.html",
        job=found,
        closings=closings,
        verdicts={resolution.id: _verdicts(resolution) for resolution in closings},
        responses=responses,
        own_answers=own_answers(db.session, responses.values()),
        progress=updates.progress_of(db.session, list(responses.values())),
        people=desk_queries.names_of(db.session, people),
        close_form=close_form or CloseJobForm(completed_at=on_clock(now, firm_zone())),
        repairs=repairs_of_job(db.session, found.id),
        exclusions=EXCLUSION_CHOICES,
        evidence={invitation.id: evidence.lines(db.session, invitation) for invitation in invitations},
        held=evidence_queries.held_of(db.session, ids),
        unconfirmed=evidence_queries.unconfirmed_by_invitation(db.session, now, ids),
        about_words=ABOUT_WORDS,
    )
    return page, status


def _verdicts(resolution: Resolution) -> list[dict[str, str | bool]]:
    return [verdict.as_dict() for verdict in explain(db.session, resolution, clock.now())]


@blueprint.route("/jobs/new", methods=["GET", "POST"])
def new_job() -> ResponseReturnValue:
    zone = firm_zone()
    form = NewJobForm(posted(), completed_at=on_clock(clock.now(), zone))
    if request.method == "POST" and form.validate():
        external_id = form.external_id.data or f"{clock.now():%Y%m%d}-{secrets.token_hex(3).upper()}"
        with transaction() as session:
            recorded = record_job(session, form.record(SOURCE, external_id, zone), clock.now())
        flash("Job added." if recorded.created else "This reference was known: the job is up to date now.", "good")
        return redirect(url_for(".job", job_id=recorded.job.id), code=303)
    kinds = job_kinds(db.session)
    return render_template("desk/jobs/new.html", form=form, kinds=kinds), 422 if form.errors else 200


@blueprint.get("/jobs/clients")
def suggest_clients() -> ResponseReturnValue:
    found = desk_queries.suggest_clients(db.session, request.args.get("client", "").strip())
    return render_template("desk/jobs/_clients.html", clients=found)


@blueprint.get("/jobs/contacts")
def suggest_contacts() -> ResponseReturnValue:
    found = desk_queries.suggest_contacts(db.session, request.args.get("client", ""))
    return render_template("desk/jobs/_contacts.html", contacts=found)


@blueprint.route("/jobs/<int:job_id>/edit", methods=["GET", "POST"])
def edit(job_id: int) -> ResponseReturnValue:
    zone, found = firm_zone(), desk_queries.get_job(db.session, job_id)
    form = EditJobForm.of(found, posted(), zone)
    if request.method == "POST" and form.validate():
        with transaction() as session:
            edit_job(session, desk_queries.get_job(session, job_id), form.change(zone), clock.now())
        flash("Job saved.", "good")
        return redirect(url_for(".job", job_id=job_id), code=303)
    kinds = job_kinds(db.session)
    return render_template("desk/jobs/edit.html", form=form, job=found, kinds=kinds), 422 if form.errors else 200


@blueprint.post("/jobs/<int:job_id>/reopen")
def reopen(job_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            reopen_job(session, desk_queries.get_job(session, job_id), clock.now(), current_user_id())
        flash("The job is open again. A survey without an answer was taken back.", "good")
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for(".job", job_id=job_id), code=303)


@blueprint.post("/jobs/<int:job_id>/close")
def close(job_id: int) -> ResponseReturnValue:
    zone, form = firm_zone(), CloseJobForm(request.form)
    completed_at = form.completed_at.at(zone) if form.validate() else None
    if completed_at is None:
        return _job_page(desk_queries.get_job(db.session, job_id), form, 422)
    try:
        with transaction() as session:
            found = desk_queries.get_job(session, job_id)
            close_job(session, found, completed_at, clock.now(), form.shares())
        flash("Job closed. Its survey is decided within a few seconds.", "good")
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "danger")
    return redirect(url_for(".job", job_id=job_id), code=303)


@blueprint.post("/jobs/<int:job_id>/exclude")
def exclude(job_id: int) -> ResponseReturnValue:
    chosen = request.form.get("exclusion", "")
    exclusion = Exclusion(chosen) if chosen in set(Exclusion) else None
    with transaction() as session:
        exclude_job(session, desk_queries.get_job(session, job_id), exclusion, clock.now())
    flash("Nobody will be asked about this job." if exclusion else "This job is asked about as usual.", "good")
    return redirect(url_for(".job", job_id=job_id), code=303)
