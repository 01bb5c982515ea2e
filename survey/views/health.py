"""/livez, /readyz, /metrics."""

from datetime import datetime
from ipaddress import ip_address
from secrets import compare_digest

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from survey import auth, clock, metrics, runtime, schema
from survey.db import begin_reading, db
from survey.heartbeat import WORKER, last_beat

blueprint = auth.public(Blueprint("health", __name__), "probes carry no session")


@blueprint.get("/livez")
def livez() -> ResponseReturnValue:
    """The process answers."""
    return Response("alive\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The database is reachable and migrated. A silent worker is shown, but web pages work without it."""
    try:
        current, newest = schema.revisions()
    except schema.SchemaError:
        return jsonify(ready=False, database="unreachable"), 503
    if current != newest:
        return jsonify(ready=False, database="not migrated"), 503
    begin_reading(db.session)
    return jsonify(ready=True, database="ok", worker_seconds_ago=_age(last_beat(db.session, WORKER), clock.now()))


def _age(beat: datetime | None, now: datetime) -> float | None:
    return round((now - beat).total_seconds(), 1) if beat else None


@blueprint.get("/metrics")
def show_metrics() -> ResponseReturnValue:
    """Prometheus text, for this machine or for a caller with METRICS_TOKEN as bearer."""
    if not _may_read_metrics():
        abort(404)
    begin_reading(db.session)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics.StoryCollector(db.session, clock.now(), runtime.runtime().counters))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics() -> bool:
    token = runtime.settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return compare_digest(given.encode(), token.encode())
    forwarded = "X-Forwarded-For" in request.headers  # a proxy on this machine speaks for somebody elsewhere
    return not forwarded and ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104
