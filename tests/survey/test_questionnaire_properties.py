"""Any questionnaire that validates can be shown, answered, stored, exported and read back; any words are kept."""

import itertools
import json
import re
from typing import Any

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from survey import clock, tokens
from survey.api_output import ResponseOut
from survey.firms import get_firm
from survey.models import Invitation
from survey.promise import DEFAULT_PROMISE
from survey.questionnaires import confidential
from survey.questionnaires.document import SCALES, Document, QuestionType, read_document
from survey.responses import answers_of, find_response, steps_of
from tests.conftest import NOW, SECRET_KEY, sign_in
from tests.factories import make_invitation, make_job, make_resolution
from tests.survey.documents import make_version
from tests.survey.visitor import Form, Page

_numbers = itertools.count(1)
_STEPS = {"yes": 1, "no": -1, "na": 0}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea></form><h1>Gone</h1>",
    "=1+1",
    '=HYPERLINK("http://evil.example")',
    "@SUM(A1)",
    "{{ 7 * 7 }} {% raw %}",
    "%(firm)s %s %d",
    "&lt;b&gt; &amp;amp;",
    "🧰👩🏽‍🔧 ﷽",
    "a\x00b\x07c",
    "\u202edrawkcab\u2066 \u2069",
    "'; DROP TABLE answers; --",
    " leading, trailing \t",
    "two\r\nlines\nand\rmore",
    "\ufeff\u200b\u00a0x",
]
chars = st.characters(exclude_categories=["Cs"])
said = st.sampled_from(HOSTILE) | st.text(chars, max_size=60)
wording = (st.sampled_from(HOSTILE) | st.text(chars, min_size=1, max_size=40)).map(
    lambda text: re.sub("[{}]", "", text)
)
words = st.builds(
    lambda plain, tail: {"en": f"Q {plain}{tail}"},
    wording,
    st.sampled_from(["", " {staff|we} {job}", " {date} {firm}"]),
)


@st.composite
def questions(draw: st.DrawFn, number: int, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Any question that may follow those `before` it, with hostile words."""
    kind = draw(st.sampled_from([one.value for one in QuestionType]))
    kind = "yes_no" if kind == "promise" and any(one["key"] == "promise" for one in before) else kind
    found: dict[str, Any] = {"key": "promise" if kind == "promise" else f"q{number}", "type": kind, "text": draw(words)}
    if draw(st.booleans()):
        found["hint"] = draw(words)
    if kind in {"choice", "choices"}:
        values = draw(st.lists(st.integers(1, 99), min_size=2, max_size=4, unique=True))
        found["options"] = [{"value": one, "text": draw(words), "other": draw(st.booleans())} for one in values]
        for option in found["options"][1:]:
            option["other"] = option["other"] and not found["options"][0]["other"]
        for option in found["options"][2:]:
            option["other"] = False
    if kind in {"short_text", "long_text"}:
        found["prompts"] = draw(st.dictionaries(st.sampled_from("15"), words, max_size=2))
    earlier = [one for one in before if QuestionType(one["type"]) in SCALES]
    if draw(st.booleans()):
        on = draw(st.sampled_from(earlier))
        found["show_if"] = [{"question": on["key"], "at_least": draw(st.integers(0, 3))}]
    if kind != "promise":
        found["confidentiality"] = draw(st.sampled_from(["named", "managers", "confidential"]))
    found["with_previous"] = draw(st.booleans())
    return found


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any questionnaire of one to six questions."""
    lead = draw(st.sampled_from(["rating", "nps", "ces"]))
    found: list[dict[str, Any]] = [{"key": "lead", "type": lead, "text": draw(words)}]
    for number in range(1, draw(st.integers(1, 6))):
        found.append(draw(questions(number, found)))
    return read_document({"questions": found})


def kept(text: str) -> str:
    """What is documented: line ends become one kind, control characters go, and so do spaces around."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in plain if one in "\n\t" or (ord(one) >= 32 and ord(one) != 127)).strip()


def fill(form: Form, data: st.DataObject, told: dict[str, int | str], steps: dict[str, int]) -> list[tuple[str, str]]:
    """Choose something in every field, press a button, and remember what a person would say to have said."""
    sent = list(form.hidden)
    for name, values in form.radios.items():
        value = data.draw(st.sampled_from(values), label=name)
        sent.append((name, value))
        if name.startswith("step_"):
            steps[name.removeprefix("step_")] = _STEPS[value]
        else:
            told[name] = int(value)
    for name, values in form.boxes.items():
        ticked = data.draw(st.lists(st.sampled_from(values), unique=True), label=name)
        sent += [(name, value) for value in ticked]
        consent = ("asked", name) in form.hidden and values == ["1"] and f"other_{name}" not in form.texts
        if consent:
            told[name] = len(ticked)
        told |= {f"{name}.{value}": 1 for value in ticked if not consent}
    for name in form.texts:
        text = data.draw(said, label=name)
        sent.append((name, text))
        told[name] = kept(text)
    name, value = data.draw(st.sampled_from(form.buttons))
    if name:
        sent.append((name, value))
        told[name] = int(value)
    return sent


def as_stored(document: Document, told: dict[str, int | str]) -> dict[str, int | str]:
    """What was told, under the names of the data: an option's own words stand in its place."""
    found = {name: value for name, value in told.items() if not name.startswith("other_")}
    for question in document.questions:
        own = told.get(f"other_{question.key}")
        option = next((one for one in question.options if one.other), None)
        if option is None or own is None:
            continue
        name = f"{question.key}.{option.value}"
        if own and (question.type is QuestionType.CHOICES or found.get(question.key) == option.value):
            found[name] = own
    return {name: value for name, value in found.items() if value != ""}


def make_survey(session: Session, document: Document) -> tuple[Invitation, str]:
    version = make_version(session, document.as_dict(), f"Any {next(_numbers)}")
    job = make_job(session, summary="<b>Till</b> & {firm}", kind="%s")
    invitation = make_invitation(session, make_resolution(session, job), version=version, version_id=version.id)
    session.commit()
    return invitation, tokens.derive(SECRET_KEY, "survey", invitation.seed)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents(), data=st.data())
def test_any_questionnaire_is_answered_by_following_its_forms(
    session: Session, client: FlaskClient, document: Document, data: st.DataObject
) -> None:
    """A blind visitor fills in page after page; what it chose and wrote is stored, exported and read back equal."""
    assert read_document(json.loads(json.dumps(document.as_dict()))) == document
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    with clock.fixed_at(NOW):
        invitation, token = make_survey(session, document)
        told: dict[str, int | str] = {}
        steps: dict[str, int] = {}
        path = f"/s/{token}"
        for _page in range(len(document.questions) + 1):
            page = Page(client.get(path).text)
            assert page.problems == []
            if path.endswith("/done"):
                break
            answer = client.post(page.form.action, data=_grouped(fill(page.form, data, told, steps)))
            assert answer.status_code == 303, answer.text
            path = answer.location

        assert path.endswith("/done")
        response = find_response(session, invitation)
        assert response is not None
        apart = confidential.of_document(document)
        expected = as_stored(document, told)
        assert {**answers_of(response), **confidential.read(session, token, apart)} == expected
        assert steps_of(response) == steps
        private = set(apart) | confidential.for_managers(document)
        exported = json.loads(ResponseOut.of(response).model_dump_json())
        assert exported["answers"] == {n: v for n, v in expected.items() if n.partition(".")[0] not in private}
        for name in ["rating", *document.by_key]:
            assert Page(client.get(f"/s/{token}/{name}").text).problems == []


def _grouped(sent: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in sent:
        found.setdefault(name, []).append(value)
    return found


def test_hostile_words_are_kept_and_shown_harmlessly(session: Session, client: FlaskClient) -> None:
    """Markup, formulas, emoji, NUL and turned text: stored as typed but for control characters, shown as text on the
    client's page and on the desk."""
    desk = sign_in(client.application, "manager")
    plain = read_document(
        {
            "questions": [
                {"key": "csat", "type": "rating", "text": {"en": "How?"}},
                {"key": "comment", "type": "long_text", "text": {"en": "What?"}, "with_previous": True},
            ]
        }
    )
    with clock.fixed_at(NOW):
        invitation, token = make_survey(session, plain)
        text = "\n".join(HOSTILE)
        page = Page(client.get(f"/s/{token}").text)
        client.post(page.form.action, data={**dict(page.form.hidden), "csat": "3", "comment": text})
        assert answers_of(find_response(session, invitation))["comment"] == kept(text)
        done = Page(client.get(f"/s/{token}/done").text)
        job = Page(desk.get(f"/desk/jobs/{invitation.resolution.job_id}").text)
    assert done.problems == []
    assert [form.texts["comment"] for form in done.forms if "comment" in form.texts] == [kept(text)]
    for seen in (done, job):
        assert all(one in seen.text for one in kept(text).split("\n"))
        assert "Gone" not in [line for line in seen.text.splitlines() if line == "Gone"]
        assert not any(script is None for script in seen.scripts)


def test_a_hundred_kilobytes_come_back_to_be_shortened(session: Session, client: FlaskClient) -> None:
    """Far more than fits is not lost: the page says by how much it is too long, with every character in the field."""
    text = "é<&\n" * 20_000
    plain = read_document(
        {
            "questions": [
                {"key": "csat", "type": "rating", "text": {"en": "How?"}},
                {"key": "comment", "type": "long_text", "text": {"en": "What?"}, "with_previous": True},
            ]
        }
    )
    with clock.fixed_at(NOW):
        _invitation, token = make_survey(session, plain)
        page = Page(client.get(f"/s/{token}").text)
        answer = client.post(page.form.action, data={**dict(page.form.hidden), "csat": "3", "comment": text})
    assert answer.status_code == 422
    assert Page(answer.text).form.texts["comment"] == kept(text)
