"""The public API, /api/v1."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("api", __name__, url_prefix="/api")
auth.public(blueprint, "guarded by API keys, not by the desk session")
