"""Who may enter: sign-in, roles, and the guard that every blueprint must carry.

The one Flask-aware module that any view may import.
"""

from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import FSQLALiteUserDatastore, MailUtil, Security, current_user, login_user
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session
from typing_extensions import override

from survey import runtime, tokens
from survey.config import Settings
from survey.db import begin_reading, db
from survey.users import Role, SignInLink, User

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
GUARD = "clientele_guard"  # the attribute that the guard test looks for on every blueprint
RANK = {"viewer": 1, "manager": 2, "admin": 3}
LINK_HOURS = 24
LINK_PURPOSE = "sign-in"
REMEMBER_DAYS = 30

log = structlog.get_logger()


class _NoMail(MailUtil):  # type: ignore[misc]
    """Our emails go through the outbox; flask-security itself is configured to have none to send."""

    @override
    def send_mail(self, template: str, *_args: object, **_values: object) -> None:
        log.error("flask-security wanted to send an email", template=template)


def init_app(app: Flask, settings: Settings) -> None:
    """Install sign-in on `app`: password (argon2id) or a link, TOTP as second factor, no registration."""
    secure = settings.base_url.startswith("https://")
    secret = settings.secret_key or ""
    app.config.update(
        SESSION_COOKIE_NAME="clientele",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_NAME="clientele_remember",
        REMEMBER_COOKIE_DURATION=timedelta(days=REMEMBER_DAYS),
        REMEMBER_COOKIE_SECURE=secure,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SALT=tokens.derive(secret, "password-salt", "1"),
        SECURITY_PASSWORD_LENGTH_MIN=10,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_EMAIL_VALIDATOR_ARGS={
            "globally_deliverable": False
        },  # owner@office.local is a fine name to sign in by
        SECURITY_FLASH_MESSAGES=True,
        SECURITY_LOGOUT_CSRF=True,
        SECURITY_POST_LOGIN_VIEW="/desk/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_CHANGEABLE=True,
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_VERIFY_URL="/account/verify",
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TWO_FACTOR_SETUP_URL="/account/two-factor",
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/account",
        SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL="/login/code",  # noqa: S106
        SECURITY_TWO_FACTOR_RESCUE_URL="/login/rescue",
        SECURITY_TWO_FACTOR_SELECT_URL="/login/method",
        SECURITY_TWO_FACTOR_VALIDITY_COOKIE={"httponly": True, "secure": secure, "samesite": "Strict"},
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL="/account/recovery-codes",
        SECURITY_MULTI_FACTOR_RECOVERY_URL="/login/recovery",
        SECURITY_TOTP_SECRETS={"1": tokens.derive(secret, "totp", "1")},
        SECURITY_TOTP_ISSUER="Clientele",
        SECURITY_CLI_USERS_NAME=False,  # `flask user` is ours
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_STATIC_FOLDER=None,
    )
    app.before_request(_read_only_when_safe)  # before flask-security, whose look at the user opens the transaction
    security = Security(app, datastore=FSQLALiteUserDatastore(db, User, Role), mail_util_cls=_NoMail)
    security.unauthn_handler(lambda _mechanisms, **_headers: to_login())
    public(app.blueprints["security"], "flask-security guards its own pages")
    app.jinja_env.globals["can"] = can


def _read_only_when_safe() -> None:
    blueprint = app_blueprint()
    if request.method in SAFE_METHODS and blueprint and isinstance(getattr(blueprint, GUARD, None), tuple):
        begin_reading(db.session)


def app_blueprint() -> Blueprint | None:
    """The blueprint that answers this request."""
    return current_app.blueprints.get(request.blueprint or "")


def guard(blueprint: Blueprint, *, read: str = "viewer", write: str = "manager") -> Blueprint:
    """Let only signed-in people in: `read` for GET, `write` for everything else. admin > manager > viewer.

    A safe request to a guarded blueprint runs in a read-only transaction (`survey.db.begin_reading`).
    """
    setattr(blueprint, GUARD, (read, write))

    @blueprint.before_request
    def check() -> ResponseReturnValue | None:
        if not current_user.is_authenticated:
            return to_login()
        if not can(read if request.method in SAFE_METHODS else write):
            abort(403)
        return None

    return blueprint


def public(blueprint: Blueprint, why: str) -> Blueprint:
    """Mark a blueprint as open to everyone, on purpose, and say why."""
    setattr(blueprint, GUARD, why)
    return blueprint


def to_login() -> Response:
    """Send somebody who is not signed in to the sign-in page, and back afterwards where that is safe to repeat."""
    next_path = request.full_path.rstrip("?") if request.method in SAFE_METHODS else None
    location = url_for("security.login", next=next_path)
    if request.headers.get("HX-Request"):  # htmx would follow a redirect and swap the sign-in page into the list
        return Response(status=401, headers={"HX-Redirect": url_for("security.login")})
    return current_app.make_response(redirect(location, code=303))


def can(role: str) -> bool:
    """Whether the person of this request has at least `role`. Also a function in every template."""
    if not current_user.is_authenticated:
        return False
    return max((RANK.get(held.name, 0) for held in current_user.roles), default=0) >= RANK[role]


def current_user_id() -> int | None:
    """The id of the person of this request, None when nobody is signed in."""
    return int(current_user.id) if current_user.is_authenticated else None


def sign_in_url(settings: Settings, seed: str) -> str:
    """The link that belongs to `seed`. The outbox keeps only the seed, so that a leaked database opens no desk."""
    return f"{settings.base_url}/sign-in/{tokens.derive(settings.secret_key or '', LINK_PURPOSE, seed)}"


def add_sign_in_link(session: Session, user: User, now: datetime, *, hours: float = LINK_HOURS) -> str:
    """Record a link that signs `user` in once within `hours`; returns its seed for `sign_in_url`."""
    seed = tokens.new_seed()
    token = tokens.derive(runtime.settings().secret_key or "", LINK_PURPOSE, seed)
    session.add(
        SignInLink(
            user_id=user.id,
            token_hash=tokens.fingerprint(token),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()
    return seed


def make_sign_in_link(session: Session, user: User, now: datetime, *, hours: float = LINK_HOURS) -> str:
    """An address that signs `user` in once, within `hours`."""
    return sign_in_url(runtime.settings(), add_sign_in_link(session, user, now, hours=hours))


def find_sign_in_link(session: Session, token: str, now: datetime) -> User | None:
    """Whom an unused and unexpired link signs in; None for every other token. Uses nothing up."""
    return session.scalar(
        select(User)
        .join(SignInLink, SignInLink.user_id == User.id)
        .where(
            SignInLink.token_hash == tokens.fingerprint(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
            User.active.is_(True),
        )
    )


def use_sign_in_link(session: Session, token: str, now: datetime) -> User | None:
    """Use a link up and return whom it signs in; None when it is unknown, expired or already used.

    One UPDATE decides, so that two requests at once cannot both use it.
    """
    user = find_sign_in_link(session, token, now)
    if user is None:
        return None
    used = session.execute(
        update(SignInLink)
        .where(SignInLink.token_hash == tokens.fingerprint(token), SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    return user if cast("CursorResult[Any]", used).rowcount == 1 else None


def begin_session(user: User) -> ResponseReturnValue | None:
    """Sign `user` in on this browser; with a second factor set up, the answer is the page that asks for it."""
    security: Security = current_app.extensions["security"]
    second_factor = security.two_factor_plugins.tf_enter(user, False, "link", next_loc=None)
    if second_factor is not None:
        return cast("ResponseReturnValue", second_factor)
    login_user(user, authn_via=["link"])
    return None
