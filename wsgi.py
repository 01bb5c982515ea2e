"""The composition root: the only module that imports every package. `flask run`, granian, any WSGI or ASGI server."""

import os

import click
from flask import Flask

import analysis.cli
import analysis.tasks
import demo.cli
import emails.cli
import emails.tasks
import survey.cli.data
import survey.cli.operate
import survey.cli.questionnaires
import survey.tasks
from analysis.checks import check_reading
from analysis.metrics import count_analysis
from analysis.views import (
    backtests,
    clients,
    comments,
    flags,
    ladder,
    ladder_rules,
    learning,
    spot_checks,
    staff,
    subjects,
    themes,
)
from emails import sign_in
from emails import views as email_views
from emails.checks import check_sending
from emails.metrics import count_emails
from survey import assets, auth, db, limits, logs, security
from survey.cli.failures import speak_plainly
from survey.config import ROOT, Settings, load_settings
from survey.errors import SettingsError
from survey.front.app import Front
from survey.limits import Rate
from survey.metrics import count_survey
from survey.routing import LazyRule
from survey.runtime import Runtime
from survey.supervisor import THREADS, THREADS_VARIABLE
from survey.views import (
    api,
    contacts,
    drafts,
    errors,
    evidence,
    filters,
    health,
    intake,
    login,
    manage,
    presses,
    promise,
    promise_desk,
    questionnaire_files,
    questionnaire_uses,
    questionnaires,
    questions,
    repair,
    repairs_desk,
    respond,
    results,
    schedule,
    survey_rules,
    surveys,
    translations,
    tryout,
)
from survey.views import settings as settings_views
from survey.views import updates as update_views

BLUEPRINTS = (
    respond.blueprint,
    repair.blueprint,
    promise.blueprint,
    promise_desk.blueprint,
    repairs_desk.blueprint,
    presses.trap,
    tryout.blueprint,
    manage.blueprint,
    evidence.blueprint,
    update_views.blueprint,
    intake.blueprint,
    surveys.blueprint,
    results.blueprint,
    schedule.blueprint,
    survey_rules.blueprint,
    drafts.blueprint,
    questionnaires.blueprint,
    questionnaire_files.blueprint,
    questionnaire_uses.blueprint,
    tryout.desk,
    questions.blueprint,
    translations.blueprint,
    contacts.blueprint,
    settings_views.blueprint,
    login.blueprint,
    login.account,
    sign_in.blueprint,
    api.blueprint,
    health.blueprint,
    email_views.webhooks,
    email_views.unsubscribe,
    email_views.mailbox,
    email_views.outbox_desk,
    email_views.replies_desk,
    email_views.suppressed_desk,
    email_views.texts_desk,
    email_views.questionnaire_email,
    flags.blueprint,
    clients.blueprint,
    comments.blueprint,
    learning.blueprint,
    backtests.blueprint,
    ladder.blueprint,
    ladder_rules.blueprint,
    staff.blueprint,
    subjects.blueprint,
    themes.blueprint,
    spot_checks.blueprint,
)

# Their requests come without a desk session: a signed body, an API key or the secret link is the proof.
WITHOUT_CSRF_TOKEN = (
    respond.blueprint,
    presses.trap,
    tryout.blueprint,
    repair.blueprint,
    api.blueprint,
    email_views.webhooks,
    email_views.unsubscribe,
)
SMALL_BODIES = (
    respond.blueprint,
    presses.trap,
    tryout.blueprint,
    repair.blueprint,
    login.blueprint,
    login.account,
    sign_in.blueprint,
    email_views.unsubscribe,
)
LARGE_BODIES = (backtests.blueprint,)
RATES = (
    Rate("security", "20/minute;200/hour"),
    Rate("login", "30/minute;200/hour", methods=("GET", "POST")),
    Rate("sign_in", "10/minute;40/hour"),
    *limits.ON_ANSWERS,
    Rate("tryout", "120/minute", methods=("GET", "POST")),
    Rate("repair", "60/minute"),
    Rate("repair", "20/minute", by_path=True),
    Rate("promise", "120/minute", methods=("GET",)),
    Rate("unsubscribe", "60/minute"),
    Rate("webhooks", "1200/minute"),
    Rate("api", "1200/minute", methods=("GET", "POST")),
)

COMMANDS = (survey.cli.data, survey.cli.questionnaires, survey.cli.operate)


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application: web pages, API, commands and background tasks.

    Raises:
        SettingsError: with every bad or missing setting in one message.
    """
    settings = settings or _settings()
    logs.configure(settings.log_level)
    app = Flask(__name__, instance_path=str(settings.instance_path.resolve()))
    app.url_rule_class = LazyRule
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_ENGINES={"default": {"url": settings.engine_url, "hide_parameters": True}},
        ALEMBIC={
            "script_location": str(ROOT / "migrations"),
            "version_locations": [str(ROOT / "migrations" / "versions")],
        },
        ALEMBIC_CONTEXT={"render_as_batch": True},
    )
    logs.init_app(app)
    assets.init_app(app)
    db.init_app(app)
    security.init_app(
        app, settings, without_token=WITHOUT_CSRF_TOKEN, small_bodies=SMALL_BODIES, large_bodies=LARGE_BODIES
    )
    limits.init_app(app, RATES)
    auth.init_app(app, settings)
    errors.init_app(app)
    filters.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for commands in (*COMMANDS, emails.cli, analysis.cli, demo.cli):
        commands.init_app(app)
    speak_plainly(app.cli)
    app.extensions["clientele"] = Runtime(
        settings=settings,
        tasks=(*survey.tasks.tasks(settings), *emails.tasks.tasks(settings), *analysis.tasks.tasks(settings)),
        counters=(count_survey, count_emails, count_analysis),
        checkers=(check_sending, check_reading),
    )
    return app


def serve_app() -> Front:
    """The application as a web server runs it (ASGI): what every client asks for is answered in front of Flask."""
    app = create_app()
    return Front(app, app.wsgi_app, int(os.environ.get(THREADS_VARIABLE) or THREADS)).start()


def _settings() -> Settings:
    """The settings; at the command line a bad one is a sentence, not a traceback."""
    try:
        return load_settings()
    except SettingsError as error:
        if click.get_current_context(silent=True) is not None:
            raise click.ClickException(str(error)) from None
        raise
