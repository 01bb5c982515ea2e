"""Questionnaires as JSON files: the same out and in, and what is wrong with a file is said by its place."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.config import ROOT
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Questionnaire
from survey.questionnaires import drafts, exchange, library, publishing, versions
from survey.questionnaires.document import schema
from tests.conftest import NOW

SCHEMA = ROOT / "docs" / "questionnaire.schema.json"


def as_file(**changes: Any) -> bytes:
    """A short questionnaire with something changed."""
    first = {"key": "csat", "type": "rating", "text": {"en": "How?"}}
    return json.dumps({"format": 1, "language": "en", "questions": [first], **changes}).encode()


def make_questionnaire(session: Session, name: str = "Effort", start: str = "ces") -> Questionnaire:
    made = drafts.create(session, name, library.document(start), NOW)
    versions.publish(session, made, [], None, NOW)
    return made


@pytest.mark.parametrize("name", library.names())
def test_what_is_exported_comes_back_the_same(name: str) -> None:
    """A file holds the whole document, in its schema, and nothing changes on the way."""
    document = library.document(name)
    text = exchange.export(document)
    assert exchange.read(text.encode()) == document
    assert exchange.export(exchange.read(("\ufeff" + text).encode())) == text
    assert list(Draft202012Validator(schema()).iter_errors(json.loads(text))) == []


def test_the_schema_is_in_the_docs_and_refuses_what_we_refuse() -> None:
    """What is published is what is in force: `flask questionnaires schema > docs/questionnaire.schema.json`."""
    assert SCHEMA.read_text(encoding="utf-8") == exchange.schema_text()
    validator = Draft202012Validator(schema())
    Draft202012Validator.check_schema(schema())
    all_broken: tuple[dict[str, Any], ...] = (
        {"questions": []},
        {"format": 2},
        {"more": 1},
        {"questions": [{"key": "A b", "type": "rating"}]},
    )
    for broken in all_broken:
        assert not validator.is_valid(json.loads(as_file(**broken)))
        with pytest.raises(InvalidInputError):
            exchange.read(as_file(**broken))


QUESTION = {"key": "csat", "type": "rating", "text": {"en": "How?"}}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b" ", "This file is empty."),
        (b'{"about": "Wh', "unterminated string starting at line 1, column 11"),
        (as_file(more=1), "^more: a questionnaire has no such field$"),
        (as_file(questions=[{"type": "rating"}]), "questions.1.key: this is missing"),
        (as_file(questions=[{**QUESTION, "key": "My key"}]), "questions.1.key: write it with a to z, 0 to 9 and _,"),
        (as_file(questions=[{**QUESTION, "text": "How?"}]), "questions.1.text: this should be one text for each lang"),
        (as_file(questions=["How?"], about=5), "about: this should be a text, in quotes; questions.1: this should be"),
        (as_file(questions="How?"), "^questions: this should be a list"),
        (b'{"format": 1,\n "questions": [,]}', "This is not JSON: .* at line 2, column 16."),
        (b"[]", "must be one object"),
        ("{é}".encode("latin-1"), "not in UTF-8"),
        (b'{"format": 1, "format": 1}', "“format” is there twice"),
        (b'{"format": NaN}', "NaN is no number"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b" " * (exchange.LARGEST + 1), "at most 1,048,576"),
        (as_file(questions=[QUESTION, {**QUESTION, "key": "more", "type": "star"}]), r"questions\.2\.type: .*'rating'"),
        (
            as_file(questions=[QUESTION, {**QUESTION, "key": "m", "type": "choice"}]),
            r"questions\.2: a choice has at least",
        ),
        (as_file(questions=[{**QUESTION, "text": {"en": "How, {staf}?"}}]), r"questions\.1\.text: .*\{staff\}"),
        (as_file(questions=[{**QUESTION, "text": {"en": "a\0b"}}]), r"questions\.1\.text\.en: has characters"),
        (as_file(about="\ud800"), "about: has characters"),
        (as_file(**{"\ud800": 1}), "�: has characters"),
        (as_file(language="xx"), "no language 'xx'"),
    ],
)
def test_a_file_that_is_no_questionnaire_is_refused_by_its_place(data: bytes, why: str) -> None:
    """A person finds the place; nothing is a traceback."""
    with pytest.raises(InvalidInputError, match=why):
        exchange.read(data)


def test_a_file_becomes_a_new_draft_or_the_draft_of_one(session: Session) -> None:
    """A name is taken once; over a draft there is a way back; an archived one is left alone."""
    document = exchange.read(as_file())
    made = exchange.bring_in(session, document, "Short", NOW)
    assert made.versions == []
    with pytest.raises(InvalidInputError, match="Another questionnaire has this name"):
        exchange.bring_in(session, document, "SHORT", NOW)
    edit = exchange.put_into(session, made, library.document("nps"), None, NOW)
    assert edit is not None
    assert exchange.content(session, made, draft=False) == library.document("nps")
    drafts.undo(session, made, edit.id, NOW)
    assert exchange.content(session, made, draft=True) == document
    assert exchange.put_into(session, made, document, None, NOW) is None
    publishing.archive(session, made, NOW)
    with pytest.raises(ConflictError, match="archived"):
        exchange.put_into(session, made, library.document("nps"), None, NOW)


def test_a_questionnaire_is_found_by_name_or_number(session: Session) -> None:
    """Whatever the case; the version in force is what is exported, unless something else is asked for."""
    row = make_questionnaire(session)
    assert exchange.find(session, " effort ") is row
    assert exchange.find(session, str(row.id)) is row
    with pytest.raises(NotFoundError, match="no questionnaire “other”"):
        exchange.find(session, "other")
    drafts.change(session, row, 1, lambda _draft: library.document("nps"), None, NOW)
    assert exchange.content(session, row, draft=False) == library.document("ces")
    assert exchange.content(session, row, 1, draft=False) == library.document("ces")
    assert exchange.content(session, row, draft=True) == library.document("nps")
    with pytest.raises(NotFoundError):
        exchange.content(session, row, 2, draft=False)


def test_the_desk_exports_and_imports(session: Session, manager: FlaskClient) -> None:
    """A file from here is a new draft there; it is named after the file, and may go over a draft instead."""
    row = make_questionnaire(session, "After contact")
    got = manager.get(f"/desk/questionnaires/{row.id}/export.json")
    assert got.headers["Content-Disposition"] == "attachment; filename=after-contact.json"
    assert exchange.read(got.data) == library.document("ces")
    assert manager.get(f"/desk/questionnaires/{row.id}/export.json?version=9").status_code == 404
    upload = {"file": (io.BytesIO(got.data), "from_elsewhere.json"), "into": "new", "name": ""}
    response = manager.post("/desk/questionnaires/import", data=upload)
    assert response.status_code == 303
    made = session.scalars(select(Questionnaire).order_by(Questionnaire.id.desc())).first()
    assert made is not None
    assert made.name == "From elsewhere"
    over = {"file": (io.BytesIO(as_file()), "x.json"), "into": str(made.id)}
    manager.post("/desk/questionnaires/import", data=over)
    session.refresh(made)
    assert len(drafts.draft_of(made).questions) == 1


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"{", "x.json", "This is not JSON"),
        (b"", "", "Choose a JSON file first."),
        (as_file(questions=[]), "x.json", "questions: List should have at least 1 item"),
        (as_file(), "Effort.json", "Another questionnaire has this name."),
    ],
)
def test_the_desk_says_what_is_wrong_with_a_file(
    session: Session, manager: FlaskClient, data: bytes, name: str, why: str
) -> None:
    """The page comes back with the reason at its field."""
    make_questionnaire(session)
    response = manager.post("/desk/questionnaires/import", data={"file": (io.BytesIO(data), name), "into": "new"})
    assert response.status_code == 422
    assert why in response.text


def test_the_schema_is_public(client: FlaskClient) -> None:
    """Anybody may read the format, and the API's description names it."""
    response = client.get("/api/questionnaire.schema.json")
    assert response.status_code == 200
    assert response.json == schema()
    operation = client.get("/api/openapi.json").json["paths"]["/api/questionnaire.schema.json"]["get"]  # type: ignore[index]
    assert operation["operationId"] == "getQuestionnaireSchema"
    assert operation["security"] == [{}]


def test_the_commands_carry_a_questionnaire_through(app: Flask, session: Session, tmp_path: Path) -> None:
    """Import, look, publish, export, archive; a dry run writes nothing."""
    run = app.test_cli_runner().invoke
    group, source, copy = "questionnaires", tmp_path / "effort.json", tmp_path / "copy.json"
    source.write_text(exchange.export(library.document("ces")), encoding="utf-8")
    assert "No questionnaires yet" in run(args=[group, "list"]).output
    dry = run(args=[group, "import", str(source), "--dry-run", "--json"])
    assert json.loads(dry.output) == {
        "id": None,
        "name": "effort",
        "new": True,
        "changes": [],
        "dry_run": True,
        "questions": 6,
    }
    assert session.scalars(select(Questionnaire)).all() == []
    assert "Is a new draft: effort, 6 questions." in run(args=[group, "import", str(source)]).output
    assert "would be published" in run(args=[group, "publish", "effort", "--dry-run"]).output
    assert "Version 1 of effort is published." in run(args=[group, "publish", "Effort"]).output
    (one,) = json.loads(run(args=[group, "list", "--json"]).stdout)
    assert (one["version"], one["questions"], one["used_for"]) == (1, 6, ["every kind of job"])
    assert "Only if ‘Is it settled now?’ is No" in run(args=[group, "show", "effort"]).output
    run(args=[group, "export", "effort", "-o", str(copy)])
    assert copy.read_bytes() == source.read_bytes()
    source.write_bytes(as_file())
    over = run(args=[group, "import", str(source), "--into", "effort"])
    assert "Is the draft now: effort, 1 question." in over.output
    assert (
        len(json.loads(run(args=[group, "show", "effort", "--draft", "--json"]).output)["document"]["questions"]) == 1
    )
    refused = run(args=[group, "archive", "effort"])
    assert refused.exit_code == 1
    assert "Choose another questionnaire" in refused.output
    assert json.loads(run(args=[group, "schema"]).output) == schema()


def test_the_commands_say_what_is_wrong(app: Flask, tmp_path: Path) -> None:
    """One sentence and exit code 1, with the file and the place in it."""
    run, broken = app.test_cli_runner().invoke, tmp_path / "broken.json"
    broken.write_bytes(as_file(questions=[]))
    for args, why in (
        (["import", str(broken)], f"{broken}: questions: List should have at least 1 item"),
        (["show", "nothing"], "There is no questionnaire “nothing”"),
        (["publish", "nothing"], "There is no questionnaire “nothing”"),
    ):
        result = run(args=["questionnaires", *args])
        assert result.exit_code == 1
        assert why in result.output
