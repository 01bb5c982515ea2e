"""Who may enter: sign-in, roles, and the guard that every blueprint must carry.

The one Flask-aware module that any view may import.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import cast

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import FSQLALiteUserDatastore, MailUtil, Security, current_user, login_user
from sqlalchemy.orm import Session
from typing_extensions import override

from survey import readers, runtime, security, sign_in, tokens
from survey.config import Settings
from survey.db import begin_reading, db
from survey.users import Role, User

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
GUARD = "clientele_guard"  # the attribute that the guard test looks for on every blueprint
RANK = {"viewer": 1, "manager": 2, "admin": 3}
REMEMBER_DAYS = 30

log = structlog.get_logger()


class _NoMail(MailUtil):
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
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[_fernet_key(secret)],
        SECURITY_TOTP_SECRETS={"1": tokens.derive(secret, "totp", "1")},
        SECURITY_TOTP_ISSUER="Clientele",
        SECURITY_CLI_USERS_NAME=False,  # `flask user` is ours
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_STATIC_FOLDER=None,
    )
    app.before_request(_read_only_when_safe)  # before flask-security, whose look at the user opens the transaction
    doors = Security(app, datastore=FSQLALiteUserDatastore(db, User, Role), mail_util_cls=_NoMail)
    doors.unauthn_handler(lambda _mechanisms, **_headers: to_login())
    doors.tf_setup_context_processor(_allow_qr_code)
    setattr(app.blueprints["security"], GUARD, "flask-security guards its own pages")
    app.jinja_env.globals["can"] = can


def _fernet_key(secret: str) -> str:
    """32 bytes in URL-safe base64: what encrypts recovery codes in the database."""
    return urlsafe_b64encode(bytes.fromhex(tokens.fingerprint(tokens.derive(secret, "recovery-codes", "1")))).decode()


def _allow_qr_code() -> dict[str, object]:
    security.allow_in_policy(img_src="'self' data:")
    return {}


def _read_only_when_safe() -> None:
    blueprint = current_app.blueprints.get(request.blueprint or "")
    if request.method in SAFE_METHODS and isinstance(getattr(blueprint, GUARD, None), tuple):
        begin_reading(db.session)


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
        readers.leave_out_managers_only(db.session, not can("manager"))
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


def make_sign_in_link(session: Session, user: User, now: datetime, *, hours: float = sign_in.LINK_HOURS) -> str:
    """An address that signs `user` in once, within `hours`."""
    seed = tokens.new_seed()
    sign_in.add_link(session, runtime.settings(), user, seed, now, hours=hours)
    return sign_in.link_url(runtime.settings(), seed)


def begin_session(user: User) -> ResponseReturnValue | None:
    """Sign `user` in on this browser; with a second factor set up, the answer is the page that asks for it."""
    doors: Security = current_app.extensions["security"]
    second_factor = doors.two_factor_plugins.tf_enter(user, False, "link", next_loc=None)
    if second_factor is not None:
        return cast("ResponseReturnValue", second_factor)
    login_user(user, authn_via=["link"])
    return None
