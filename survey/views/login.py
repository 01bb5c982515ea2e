"""One-time sign-in links."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("login", __name__)
auth.public(blueprint, "the door itself")
