"""What every response carries and every request must respect: CSRF tokens, strict headers, size limits."""

from collections.abc import Iterable

from flask import Blueprint, Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from survey.config import Settings

MAX_BODY_BYTES = 8 * 1024 * 1024  # a year's jobs.csv of a large firm; survey and webhook bodies are far smaller
MAX_HISTORY_BYTES = 32 * 1024 * 1024  # three files: years of jobs, of answers, and the lost
MAX_FIELD_BYTES = 512 * 1024
MAX_FORM_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 512 * 1024  # 100 KB of words, each byte written as three: handed back to be shortened
YEAR_SECONDS = 31_536_000

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
STATIC_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",  # an SVG runs nothing
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

csrf = CSRFProtect()


def init_app(
    app: Flask,
    settings: Settings,
    *,
    without_token: Iterable[Blueprint],
    small_bodies: Iterable[Blueprint],
    large_bodies: Iterable[Blueprint] = (),
) -> None:
    """Install CSRF protection, the headers and the size limits on `app`. Comes before sign-in.

    `without_token`: blueprints that prove themselves in another way; `small_bodies`: those that never take an upload;
    `large_bodies`: those that take a whole history.
    """
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FIELD_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the cookie session: a desk stays open all day
        WTF_CSRF_SSL_STRICT=settings.base_url.startswith("https://"),
    )
    https = settings.base_url.startswith("https://")
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    small = {blueprint.name for blueprint in small_bodies}
    large = {blueprint.name for blueprint in large_bodies}

    @app.before_request
    def cap_body() -> None:
        if request.blueprint in small:
            request.max_content_length = MAX_FORM_BYTES
        elif request.blueprint in large:
            request.max_content_length = MAX_HISTORY_BYTES

    csrf.init_app(app)
    for blueprint in without_token:
        csrf.exempt(blueprint)

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        policy = CONTENT_SECURITY_POLICY | g.get("content_security_policy", {})
        headers.setdefault("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in policy.items()))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if policy["frame-ancestors"] == "'none'":
            headers.setdefault("X-Frame-Options", "DENY")
        if https:
            headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}; includeSubDomains")
        if response.mimetype == "text/html" and request.blueprint:
            headers.setdefault("Cache-Control", "private, no-store")
        return response


def keep_private(response: Response) -> Response:
    """A page behind a link belongs to one person: no cache, no referrer, no search engine may keep its address."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def allow_in_policy(**directives: str) -> None:
    """Change directives of this one response's Content-Security-Policy: `allow_in_policy(img_src="'self' data:")`.

    For the page that shows an email in a sandboxed frame, and the page with a QR code. Never for scripts.
    """
    changed = {name.replace("_", "-"): value for name, value in directives.items()}
    assert not any(name.startswith("script") for name in changed)
    g.content_security_policy = g.get("content_security_policy", {}) | changed
