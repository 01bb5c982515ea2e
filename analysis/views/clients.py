"""Clients and the ladder."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("clients", __name__, url_prefix="/desk/clients")
auth.guard(blueprint)
