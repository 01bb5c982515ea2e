"""The composition root: the only module that imports every package. `flask run`, granian, any WSGI server."""

from flask import Flask

import analysis.cli
import analysis.tasks
import emails.cli
import emails.tasks
import survey.cli.data
import survey.cli.operate
import survey.tasks
from analysis.metrics import count_analysis
from analysis.views import clients, flags, learning
from emails import sign_in
from emails import views as email_views
from emails.metrics import count_emails
from survey import auth, db, limits, logs, security
from survey.config import ROOT, Settings, load_settings
from survey.limits import Rate
from survey.metrics import count_survey
from survey.runtime import Runtime
from survey.views import api, errors, filters, health, login, manage, respond
from survey.views import settings as settings_views

BLUEPRINTS = (
    respond.blueprint,
    manage.blueprint,
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
    flags.blueprint,
    clients.blueprint,
    learning.blueprint,
)

# Their requests come without a desk session: a signed body, an API key or the secret link is the proof.
WITHOUT_CSRF_TOKEN = (respond.blueprint, api.blueprint, email_views.webhooks, email_views.unsubscribe)
SMALL_BODIES = (respond.blueprint, login.blueprint, login.account, sign_in.blueprint, email_views.unsubscribe)
RATES = (
    Rate(login.blueprint, "30/minute;200/hour"),
    Rate(login.blueprint, "60/minute", methods=("GET",)),
    Rate(sign_in.blueprint, "10/minute;40/hour"),
    Rate(respond.blueprint, "240/minute"),
    Rate(respond.blueprint, "30/minute", by_path=True),
    Rate(email_views.unsubscribe, "60/minute"),
    Rate(email_views.webhooks, "1200/minute"),
    Rate(api.blueprint, "1200/minute", methods=("GET", "POST")),
)


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application: web pages, API, commands and background tasks.

    Raises:
        SettingsError: with every bad or missing setting in one message.
    """
    settings = settings or load_settings()
    logs.configure(settings.log_level)
    app = Flask(__name__, instance_path=str(settings.instance_path.resolve()))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_ENGINES={"default": {"url": settings.engine_url}},
        ALEMBIC={"script_location": str(ROOT / "migrations")},
    )
    logs.init_app(app)
    db.init_app(app)
    security.init_app(app, settings, without_token=WITHOUT_CSRF_TOKEN, small_bodies=SMALL_BODIES)
    limits.init_app(app, RATES)
    auth.init_app(app, settings)
    errors.init_app(app)
    filters.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for commands in (survey.cli.data, survey.cli.operate, emails.cli, analysis.cli):
        commands.init_app(app)
    app.extensions["clientele"] = Runtime(
        settings=settings,
        tasks=(*survey.tasks.tasks(settings), *emails.tasks.tasks(settings), *analysis.tasks.tasks(settings)),
        counters=(count_survey, count_emails, count_analysis),
    )
    return app
