"""The survey as the client sees it: /s/<token>."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("respond", __name__, url_prefix="/s")
auth.public(blueprint, "the link in the email is the key")
