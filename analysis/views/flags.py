"""The flagged list and a flag's page."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("flags", __name__, url_prefix="/desk")
auth.guard(blueprint)
