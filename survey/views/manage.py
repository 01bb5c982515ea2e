"""The desk: jobs and invitations."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("manage", __name__, url_prefix="/desk")
auth.guard(blueprint)
