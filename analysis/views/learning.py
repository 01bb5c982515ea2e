"""What became of the flags."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("learning", __name__, url_prefix="/desk/learning")
auth.guard(blueprint)
