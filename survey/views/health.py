"""/livez, /readyz, /metrics."""

from flask import Blueprint

from survey import auth

blueprint = Blueprint("health", __name__)
auth.public(blueprint, "probes carry no session")
