"""The firm's own texts: versions that never change, the way back, drafts, and the commands."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from emails.texts import previews, queries, versions
from emails.texts.built_in import TextKind, built_in
from emails.texts.models import EmailDraft
from emails.wording import Wording
from survey.errors import ConflictError, NotFoundError
from survey.models import QuestionnaireUse
from survey.people import create_person
from survey.questionnaires import drafts, publishing
from survey.questionnaires.document import read_document
from tests.conftest import NOW
from tests.emails.test_cli import run
from tests.factories import make_contact, make_invitation
from tests.survey.questionnaire_documents import question

KIND, LANGUAGE = TextKind.SURVEY, "en"
FIRST = Wording("One {first_name}", "First.\n\nSecond.", "{firm}")
SECOND = Wording("Two", "Other.", "")
OURS = built_in(KIND, LANGUAGE)


def in_force(session: Session) -> Wording:
    return versions.wording_of(versions.texts_in_force(session), KIND, LANGUAGE)


def save(session: Session, words: Wording, expected: int | None = None) -> int:
    return versions.save_text(session, KIND, LANGUAGE, words, None, NOW, expected=expected).version


def test_each_save_is_a_version_and_none_is_changed(session: Session) -> None:
    """Numbers without gaps for each kind and language; the newest is in force, the others stay as they were."""
    assert in_force(session) == OURS
    assert [save(session, FIRST), save(session, SECOND)] == [1, 2]
    assert in_force(session) == SECOND
    assert versions.version_of(session, KIND, LANGUAGE, 1) == FIRST
    assert versions.version_of(session, KIND, LANGUAGE, 0) == OURS
    assert versions.save_text(session, TextKind.REMINDER, "en", FIRST, None, NOW).version == 1
    assert versions.save_text(session, KIND, "de", FIRST, None, NOW).version == 1
    assert versions.wording_of(versions.texts_in_force(session), KIND, "fr") == built_in(KIND, "fr")


def test_restoring_is_a_new_version(session: Session) -> None:
    """It says which one it repeats; to the built-in text and back is possible too."""
    save(session, FIRST)
    save(session, SECOND)
    row = versions.restore(session, KIND, LANGUAGE, 1, None, NOW)
    assert (row.version, row.restored, in_force(session)) == (3, 1, FIRST)
    back = versions.restore(session, KIND, LANGUAGE, 0, None, NOW)
    assert (back.version, back.is_built_in, in_force(session)) == (4, True, OURS)
    assert versions.version_of(session, KIND, LANGUAGE, 4) == OURS
    versions.restore(session, KIND, LANGUAGE, 2, None, NOW)
    assert in_force(session) == SECOND
    assert [one.version for one in versions.history(session, KIND, LANGUAGE)] == [5, 4, 3, 2, 1]
    with pytest.raises(NotFoundError):
        versions.restore(session, KIND, LANGUAGE, 9, None, NOW)


def test_what_is_in_force_is_not_saved_again(session: Session) -> None:
    """Neither one's own text, nor the built-in one while that is in force."""
    with pytest.raises(ConflictError):
        save(session, OURS)
    save(session, FIRST)
    with pytest.raises(ConflictError):
        save(session, FIRST)
    assert save(session, OURS) == 2  # typed word by word, it is the built-in text
    assert versions.history(session, KIND, LANGUAGE)[0].is_built_in


def test_two_people_do_not_overwrite_each_other(session: Session) -> None:
    """Who wrote upon version 0 while somebody saved version 1 is told."""
    save(session, FIRST, expected=0)
    with pytest.raises(ConflictError, match="Version 1 was saved"):
        save(session, SECOND, expected=0)
    assert save(session, SECOND, expected=1) == 2


def test_a_draft_is_one_persons_own(session: Session) -> None:
    """Kept, replaced, and gone when it is thrown away; nobody else sees it, and clients never do."""
    user = create_person(session, "ana@brightside.example", "manager", NOW)
    versions.keep_draft(session, KIND, LANGUAGE, FIRST, user.id, NOW)
    versions.keep_draft(session, KIND, LANGUAGE, SECOND, user.id, NOW)
    draft = versions.draft_of(session, KIND, LANGUAGE, user.id)
    assert draft is not None
    assert draft.wording == SECOND
    assert versions.draft_of(session, KIND, LANGUAGE, user.id + 1) is None
    assert in_force(session) == OURS
    assert {(row.kind, row.language): row.drafts for row in queries.overview(session)}[KIND, LANGUAGE] == 1
    versions.drop_draft(session, KIND, LANGUAGE, user.id)
    assert session.query(EmailDraft).count() == 0


def test_only_our_kinds_and_languages_exist() -> None:
    """An address with another one leads nowhere."""
    assert versions.text_kind("survey", "de") is KIND
    for kind, language in (("digest", "en"), ("survey", "pl"), ("", "")):
        with pytest.raises(NotFoundError):
            versions.text_kind(kind, language)


def test_the_list_says_how_many_read_each_language(session: Session) -> None:
    """Contacts without a language, or with one that we lack, read the firm's; the largest comes first."""
    for language in ("de", "de", "", "pl", "pt-BR"):
        make_contact(session, language=language)
    rows = [row for row in queries.overview(session) if row.kind is KIND]
    assert [(row.language, row.readers) for row in rows][:3] == [("en", 2), ("de", 2), ("pt", 1)]
    assert sum(row.readers for row in rows) == 5


def test_examples_are_recent_jobs(session: Session) -> None:
    """A preview can be shown with what was really asked about, and with nothing known."""
    invitation = make_invitation(session)
    keys = [one.key for one in previews.examples(session)]
    assert keys == ["sample", str(invitation.id), "bare"]
    for key in (*keys, "99999", "²", "x" * 20):
        letter = previews.preview(session, KIND, LANGUAGE, FIRST, key, "https://f.example", NOW)
        assert "https://f.example/desk/settings/emails/link" in letter.text
        assert (invitation.contact.name.split()[0] in letter.subject) is (key == str(invitation.id))


def test_a_preview_offers_what_the_survey_would_ask_first(session: Session) -> None:
    """The questionnaire in use, another one where it is chosen, or the one that really went out; in its own words."""
    nps = question("nps", "nps", "Would you send us a friend?") | {"text": {"en": "A friend?", "de": "Einem Freund?"}}
    ours = [
        drafts.create(session, name, read_document({"questions": [lead]}), NOW)
        for name, lead in (("Yearly", nps), ("Calls", question("ces", "ces", "Was it easy?")))
    ]
    for row in ours:
        publishing.publish(session, row, row.revision, confirmed=True, user_id=None, now=NOW)
    session.add(QuestionnaireUse(kind="call", questionnaire_id=ours[1].id))
    invitation = make_invitation(session, version_id=publishing.version_by_number(session, ours[1], 1).id)
    session.flush()

    def offered(example: str, language: str = LANGUAGE) -> str:
        return previews.preview(session, KIND, language, OURS, example, "https://f.example", NOW).text

    for example in ("sample", "bare"):
        assert "A friend?" in offered(example)
        assert "?nps=10" in offered(example)
    assert "Einem Freund?" in offered("sample", "de")
    assert f"asked-{ours[1].id}" in [one.key for one in previews.examples(session)]
    for example in (f"asked-{ours[1].id}", str(invitation.id)):
        assert "Was it easy?" in offered(example)
        assert "?ces=7" in offered(example)
    assert "A friend?" in offered("asked-9999")


def test_a_letter_shows_the_theme_it_is_asked_for(session: Session) -> None:
    """Dark rules hold always or never, whatever the reader's own screen says."""
    html = previews.preview(session, KIND, LANGUAGE, OURS, "sample", "https://f.example", NOW).html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media all" in previews.in_theme(html, dark=True)
    assert "@media not all" in previews.in_theme(html, dark=False)
    assert "prefers-color-scheme" not in previews.in_theme(html, dark=True)


def test_texts_travel_as_a_file(app: Flask, session: Session, tmp_path: Path) -> None:
    """What `export` prints, `import` brings in elsewhere; twice is once."""
    save(session, FIRST)
    versions.save_text(session, TextKind.REMINDER, "fr", SECOND, None, NOW)
    session.commit()
    file = tmp_path / "texts.json"
    file.write_text(run(app, "texts", "export").stdout)
    assert len(json.loads(file.read_text())["texts"]) == 2
    versions.restore(session, KIND, LANGUAGE, 0, None, NOW)
    session.commit()
    dry = json.loads(run(app, "texts", "import", "--dry-run", "--json", str(file)).stdout)
    assert (dry["saved"], dry["rejected"], in_force(session)) == (1, 0, OURS)
    assert "1 new, 1 unchanged, 0 rejected" in run(app, "texts", "import", str(file)).stdout
    assert in_force(session) == FIRST
    assert "0 new, 2 unchanged" in run(app, "texts", "import", str(file)).stdout


def test_a_bad_text_of_a_file_is_named_and_the_good_ones_are_kept(app: Flask, session: Session, tmp_path: Path) -> None:
    """By its number, with every reason; a link to others needs a yes."""
    good = {"kind": "survey", "language": "en", **dict(FIRST.items())}
    linked = good | {"language": "nl", "opening": "Zie https://other.example"}
    bad: list[object] = [good | {"kind": "digest"}, good | {"subject": 5}, good | {"opening": "Dear {nmae}"}, 7, linked]
    file = tmp_path / "texts.json"
    file.write_text(json.dumps({"format": "clientele-email-texts/1", "texts": [good, *bad]}))
    session.commit()
    result = run(app, "texts", "import", "--json", str(file))
    told = json.loads(result.stdout)
    assert (result.exit_code, told["saved"], told["rejected"]) == (1, 1, 5)
    assert "text 4: Above the ratings: There is no placeholder {nmae}. Did you mean {name}?" in result.stderr
    assert in_force(session) == FIRST
    assert json.loads(run(app, "texts", "import", "--yes", "--json", str(file)).stdout)["saved"] == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": "clientele-email-texts/1", "texts": {}}', b"\xff"])
def test_a_file_of_something_else_is_refused(app: Flask, session: Session, tmp_path: Path, data: bytes) -> None:
    """In one sentence."""
    file = tmp_path / "x.json"
    file.write_bytes(data)
    session.commit()
    result = run(app, "texts", "import", str(file))
    assert result.exit_code == 1
    assert "Error: This is not a" in result.stderr


def test_the_commands_list_and_show(app: Flask, session: Session) -> None:
    """Every kind in every language, and one text with its placeholders, of any version."""
    save(session, FIRST)
    session.commit()
    rows = json.loads(run(app, "texts", "list", "--json").stdout)
    assert len(rows) == 12
    assert [row["subject"] for row in rows if row["own"]] == ["One {first_name}"]
    assert "own, version 1" in run(app, "texts", "list").stdout
    assert run(app, "texts", "show", "survey", "en").stdout.startswith("One {first_name}\n\nFirst.")
    old = json.loads(run(app, "texts", "show", "survey", "en", "--version", "0", "--json").stdout)
    assert old["subject"] == OURS.subject
    assert run(app, "texts", "show", "survey", "en", "--version", "7").exit_code == 1
