"""The public API, /api/v1: jobs in, invitations and answers out. Errors become problem documents in `errors`."""

from typing import Any

from flask import Blueprint, current_app, jsonify, make_response, request, url_for
from flask import Response as FlaskResponse
from flask.typing import ResponseReturnValue
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, Unauthorized, UnsupportedMediaType, abort

from survey import api_keys, auth, clock, queries
from survey.api_input import InvitationQuery, JobDocument, PageQuery
from survey.api_output import InvitationOut, InvitationPage, JobOut, Problem, ResponseOut, ResponsePage, cursor
from survey.db import begin_reading, db, transaction
from survey.jobs import record_job
from survey.questionnaires import exchange

MAX_BODY = 256 * 1024  # bytes; one job is a few hundred
PROBLEM = "application/problem+json"
OPEN = ("api.openapi", "api.questionnaire_schema")  # without a key: they describe, and tell nothing of the firm

blueprint = Blueprint("api", __name__, url_prefix="/api")
auth.public(blueprint, "guarded by API keys, not by the desk session")

spec = SpecTree(
    "flask",
    mode="strict",
    title="Clientele",
    version="1",
    description="Tell us about finished jobs; read what is asked and what was answered.",
    openapi_version="3.1.0",
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    validation_error_model=Problem,
    security_schemes=[SecurityScheme(name="api_key", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))],
    security={"api_key": []},
)


def _answers(**models: Any) -> Response:
    """The documented responses: the good ones, and a problem document for all that can go wrong anywhere."""
    problems = ("HTTP_400", "HTTP_401", "HTTP_404", "HTTP_405", "HTTP_409", "HTTP_413", "HTTP_415", "HTTP_422")
    return Response(**models, **dict.fromkeys((*problems, "HTTP_429", "HTTP_500"), Problem))


@blueprint.before_request
def check() -> None:
    """Who calls, and whether the body can be read at all. Leaves a reading transaction open."""
    if request.endpoint in OPEN:
        return
    _authenticate()
    request.max_content_length = MAX_BODY
    if request.method in {"POST", "PUT", "PATCH"}:
        _check_body()


def _authenticate() -> None:
    begin_reading(db.session)
    sent = request.authorization
    token = sent.token if sent is not None and sent.type == "bearer" else None
    key = api_keys.authenticate(db.session, token) if token else None
    if key is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "api"}))
    if api_keys.use_is_worth_noting(key, clock.now()):
        with transaction() as session:
            api_keys.note_use(session, key.id, clock.now())
        begin_reading(db.session)


def _check_body() -> None:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    if len(request.get_data()) > MAX_BODY:
        raise RequestEntityTooLarge
    try:
        body = request.get_json()
    except (BadRequest, RecursionError):
        abort(_problem(400, "Bad Request", "The body is not JSON."))
    if not isinstance(body, dict):
        abort(_problem(422, "Unprocessable Content", "The body must be one JSON object."))


def _refuse(_request: Any, _response: Any, error: Any, _instance: Any, _adapter: Any) -> None:
    if error is not None:
        places = [
            {
                "pointer": "".join(f"/{part}" for part in item["loc"]),
                "detail": item["msg"].removeprefix("Value error, "),
            }
            for item in error.errors()
        ]
        detail = "; ".join(f"{place['pointer'].lstrip('/')}: {place['detail']}" for place in places)
        abort(_problem(422, "Unprocessable Content", detail, errors=places))


def _problem(status: int, title: str, detail: str, **more: Any) -> Any:
    response = jsonify(type="about:blank", title=title, status=status, detail=detail, **more)
    response.status_code, response.mimetype = status, PROBLEM
    return response


@blueprint.post("/v1/jobs")
@spec.validate(resp=_answers(HTTP_200=JobOut, HTTP_201=JobOut), before=_refuse, operation_id="recordJob", tags=["jobs"])
def post_job(json: JobDocument) -> tuple[JobOut, int, dict[str, str]]:
    """Record a job.

    Idempotent by (source, external_id): 201 when the job is new, 200 when it was known and is now up to date.
    `completed_at` null while the job is open; null again for a job that was closed means that it was opened again.
    """
    with transaction() as session:
        recorded = record_job(session, json.record(), clock.now())
        body = JobOut.of(recorded.job)
    place = url_for("api.get_job", source=recorded.job.source, external_id=recorded.job.external_id)
    return body, (201 if recorded.created else 200), {"Location": place}


@blueprint.get("/v1/jobs/<source>/<path:external_id>")
@spec.validate(resp=_answers(HTTP_200=JobOut), before=_refuse, operation_id="getJob", tags=["jobs"])
def get_job(source: str, external_id: str) -> JobOut:
    """Read a job with its closings and what became of asking."""
    return JobOut.of(queries.find_job(db.session, source, external_id))


@blueprint.get("/v1/invitations")
@spec.validate(
    resp=_answers(HTTP_200=InvitationPage), before=_refuse, operation_id="listInvitations", tags=["invitations"]
)
def list_invitations(query: InvitationQuery) -> InvitationPage:
    """List invitations in the order in which they were made."""
    page = queries.list_invitations(db.session, state=query.state, after=query.after, limit=query.limit)
    items = [InvitationOut.of(invitation) for invitation in page.items]
    return InvitationPage(items=items, next=cursor(page.next_after))


@blueprint.get("/v1/responses")
@spec.validate(resp=_answers(HTTP_200=ResponsePage), before=_refuse, operation_id="listResponses", tags=["responses"])
def list_responses(query: PageQuery) -> ResponsePage:
    """List answers in the order in which they were first given or imported."""
    page = queries.list_responses(db.session, after=query.after, limit=query.limit)
    items = [ResponseOut.of(response) for response in page.items]
    return ResponsePage(items=items, next=cursor(page.next_after))


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """The API's description, OpenAPI 3.1."""
    return make_response(jsonify(_document()))


@blueprint.get("/questionnaire.schema.json")
@spec.validate(resp=Response("HTTP_200"), operation_id="getQuestionnaireSchema", tags=["questionnaires"], security=[{}])
def questionnaire_schema() -> FlaskResponse:
    """Describe a questionnaire's file: its JSON Schema."""
    return FlaskResponse(exchange.schema_text(), mimetype="application/schema+json")


def _document() -> dict[str, Any]:
    spec.app = current_app
    document: dict[str, Any] = spec.spec
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content[PROBLEM] = content.pop("application/json")
    return document
