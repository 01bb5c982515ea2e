"""The desk: the firm, its survey rules, its people and keys."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("settings", __name__, url_prefix="/desk/settings")
auth.guard(blueprint, read="admin", write="admin")
