"""The composition root: the only module that imports every package. `flask run`, granian, any WSGI server."""

from flask import Flask

import analysis.cli
import analysis.tasks
import emails.cli
import emails.tasks
import survey.cli.data
import survey.cli.operate
import survey.tasks
from analysis.views import clients, flags, learning
from emails import views as email_views
from survey import auth, db, logs
from survey.config import ROOT, Settings, load_settings
from survey.runtime import Runtime
from survey.views import api, errors, health, login, manage, respond
from survey.views import settings as settings_views

BLUEPRINTS = (
    respond.blueprint,
    manage.blueprint,
    settings_views.blueprint,
    login.blueprint,
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
    db.init_app(app)
    auth.init_app(app, settings)
    errors.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for commands in (survey.cli.data, survey.cli.operate, emails.cli, analysis.cli):
        commands.init_app(app)
    app.extensions["clientele"] = Runtime(
        settings=settings,
        tasks=(*survey.tasks.tasks(settings), *emails.tasks.tasks(settings), *analysis.tasks.tasks(settings)),
    )
    return app
