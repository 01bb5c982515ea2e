"""/promise: what every client should see happen, for everybody to read, and as a poster for the wall."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, runtime
from survey.db import begin_reading, db
from survey.firms import get_firm
from survey.languages import LANGUAGES, choose, translator
from survey.promise import promise_steps, said_in
from survey.qr_codes import qr_code

blueprint = auth.public(
    Blueprint("promise", __name__, url_prefix="/promise"), "the firm shows its promise to everybody"
)

FRESH_SECONDS = 300


@blueprint.after_request
def keep_a_while(response: Response) -> Response:
    """The same for everybody of one language, and soon fresh after a change."""
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    response.headers["Vary"] = "Accept-Language"
    return response


@blueprint.get("")
def show() -> ResponseReturnValue:
    return _page("promise/show.html", "promise.show")


@blueprint.get("/poster")
def poster() -> ResponseReturnValue:
    return _page("promise/poster.html", "promise.poster")


def _page(template: str, endpoint: str) -> Response:
    if not db.session.in_transaction():
        begin_reading(db.session)
    firm = get_firm(db.session)
    language = choose([request.args.get("lang", ""), *request.accept_languages.values(), firm.language])
    address = runtime.settings().base_url + url_for("promise.show")
    html = render_template(
        template,
        firm=firm,
        steps=said_in(promise_steps(firm.promise), language),
        _=translator(language),
        language=language,
        languages=LANGUAGES,
        endpoint=endpoint,
        address=address,
        code=qr_code(address),
    )
    return make_response(html)
