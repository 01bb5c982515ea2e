"""Addresses that are left alone: scopes, history, files, commands and the desk's page."""

import io
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import suppression_files, suppressions
from emails.models import EmailKind, Suppression, SuppressionReason, SuppressionScope
from survey.models import Contact, MailBlock
from tests.conftest import NOW
from tests.factories import make_contact

LIST = "/desk/emails/suppressed"
MONA = "mona@client.example"


def rows(session: Session) -> list[Suppression]:
    session.rollback()
    return list(session.scalars(select(Suppression).order_by(Suppression.id)))


def test_lifting_one_reason_leaves_the_others(session: Session) -> None:
    """Who subscribes again still has a mailbox that bounces; lifting everything frees the contact."""
    contact = make_contact(session, email="mona@client.example")
    suppressions.suppress(session, " Mona@Client.example ", SuppressionReason.BOUNCED, "event", NOW)
    suppressions.suppress(session, "mona@client.example", SuppressionReason.UNSUBSCRIBED, "link", NOW)
    suppressions.unsuppress(session, "mona@client.example", "link", NOW, SuppressionReason.UNSUBSCRIBED)
    assert contact.mail_block == MailBlock.BOUNCED
    suppressions.unsuppress(session, "MONA@client.example", "Ana: new mailbox", NOW)
    assert suppressions.reason_suppressed(session, "mona@client.example") is None
    assert session.scalars(select(Contact.mail_block)).all() == [None]


def test_suppressing_says_whether_it_was_new(session: Session) -> None:
    """Twice is once; after it was lifted it is new again."""
    assert suppressions.suppress(session, "a@b.example", SuppressionReason.MANUAL, "x", NOW)
    assert not suppressions.suppress(session, "a@b.example", SuppressionReason.MANUAL, "x", NOW)
    suppressions.unsuppress(session, "a@b.example", "x", NOW)
    assert suppressions.suppress(session, "a@b.example", SuppressionReason.MANUAL, "x", NOW)
    assert suppressions.reason_suppressed(session, "a@b.example") is SuppressionReason.MANUAL


def test_every_stop_is_a_row_of_its_own(session: Session) -> None:
    """Stopped, allowed, stopped again: the list says all three, and only the last one holds."""
    suppressions.suppress(session, MONA, SuppressionReason.UNSUBSCRIBED, "her link", NOW, evidence={"invitation": 7})
    suppressions.unsuppress(session, MONA, "Ana: she called", NOW)
    suppressions.suppress(session, MONA, SuppressionReason.UNSUBSCRIBED, "her link again", NOW)
    session.commit()
    first, second = rows(session)
    assert (first.lifted_why, first.evidence) == ("Ana: she called", {"invitation": 7})
    assert (second.source, second.lifted_at) == ("her link again", None)


@pytest.mark.parametrize(
    ("scope", "survey", "reminder"),
    [
        (SuppressionScope.ALL, True, True),
        (SuppressionScope.AFTER_JOB, True, True),
        (SuppressionScope.REMINDER, False, True),
    ],
)
def test_a_scope_stops_what_it_names(session: Session, scope: SuppressionScope, survey: bool, reminder: bool) -> None:
    """Somebody who wants no reminders is still asked after a job, and no rule takes them for unsubscribed."""
    contact = make_contact(session, email=MONA)
    suppressions.suppress(session, MONA, SuppressionReason.UNSUBSCRIBED, "x", NOW, scope=scope)
    assert bool(suppressions.reason_suppressed(session, MONA)) is survey
    assert bool(suppressions.reason_suppressed(session, MONA, EmailKind.REMINDER)) is reminder
    assert (contact.mail_block is MailBlock.UNSUBSCRIBED) is survey


def test_a_list_goes_out_and_comes_back(session: Session) -> None:
    """What is exported can be imported; a formula in a text stays text; lifted rows come only with the history."""
    contact = make_contact(session, email=MONA)
    suppressions.suppress(session, MONA, SuppressionReason.COMPLAINED, "=HYPERLINK(1)", NOW)
    suppressions.suppress(session, "old@client.example", SuppressionReason.MANUAL, "x", NOW)
    suppressions.unsuppress(session, "old@client.example", "Ana: came back", NOW)
    text = "".join(suppression_files.lines(session))
    assert "'=HYPERLINK" in text
    assert "old@" not in text
    assert "Ana: came back" in "".join(suppression_files.lines(session, history=True))
    suppressions.unsuppress(session, MONA, "x", NOW)
    assert contact.mail_block is None
    records = [row.record for row in suppression_files.read(text.encode()).rows if row.record]
    assert suppression_files.store(session, records, "Ana", NOW) == suppression_files.Imported(1, 0)
    assert suppression_files.store(session, records, "Ana", NOW) == suppression_files.Imported(0, 1)
    assert contact.mail_block == MailBlock.COMPLAINED


def test_sendgrids_own_export_is_read(session: Session) -> None:
    """A column `email` is enough; other columns are left out; a bad address is named by its line."""
    table = suppression_files.read(b"email,created\nMona@Client.example,1700000000\nnobody,1\n")
    good, bad = table.rows
    assert good.record is not None
    assert (good.record.email, good.record.reason) == (MONA, SuppressionReason.MANUAL)
    assert [error.line for error in bad.errors] == [3]


def test_a_manager_adds_an_address(manager: FlaskClient, session: Session) -> None:
    """With a reason it is left alone at once; without one, or with nonsense for an address, the page says so."""
    make_contact(session, email=MONA)
    assert manager.post(f"{LIST}/add", data={"email": MONA}).status_code == 422
    assert manager.post(f"{LIST}/add", data={"email": "nonsense", "why": "x"}).status_code == 422
    data = {"email": " Mona@client.example", "why": "She said so on the phone", "scope": "after_job"}
    assert manager.post(f"{LIST}/add", data=data).status_code == 303
    (row,) = rows(session)
    assert (row.scope, row.source) == (SuppressionScope.AFTER_JOB, "Manager: She said so on the phone")
    assert session.scalars(select(Contact.mail_block)).one() is MailBlock.MANUAL
    page = manager.get(f"{LIST}?q=mona").text
    assert "No questions after a job" in page
    assert "No address fits this" in manager.get(f"{LIST}?reason=bounced").text


def test_lifting_one_of_two_reasons_says_that_the_other_holds(manager: FlaskClient, session: Session) -> None:
    """Nobody is led to believe that an address is free which still bounces."""
    for reason in (SuppressionReason.BOUNCED, SuppressionReason.MANUAL):
        suppressions.suppress(session, MONA, reason, "x", NOW)
    data = {"email": MONA, "why": "Ana agreed", "scope": "all", "reason": "manual"}
    assert "for another reason: bounced" in manager.post(f"{LIST}/lift", data=data, follow_redirects=True).text
    assert "Ana agreed" in manager.get(f"{LIST}?state=history").text


def test_a_manager_brings_a_list_and_takes_one_along(manager: FlaskClient, session: Session) -> None:
    """Good rows are taken, bad ones named; the export has what is on the list."""
    file = (io.BytesIO(b"email,reason\nmona@client.example,bounced\nnonsense,bounced\n"), "list.csv")
    answer = manager.post(f"{LIST}/import", data={"file": file})
    assert answer.status_code == 422
    assert "line 3, email" in answer.text
    assert [row.reason for row in rows(session)] == [SuppressionReason.BOUNCED]
    assert manager.post(f"{LIST}/import", data={"file": (io.BytesIO(b""), "x.csv")}).status_code == 422
    export = manager.get(f"{LIST}/export.csv")
    assert export.mimetype == "text/csv"
    assert f"{MONA},all,bounced" in export.text


def test_a_viewer_changes_nothing(viewer: FlaskClient, session: Session) -> None:
    """A viewer reads the list; adding, lifting and importing are for managers."""
    assert viewer.get(LIST).status_code == 200
    for path in ("add", "lift", "import"):
        assert viewer.post(f"{LIST}/{path}", data={"email": MONA, "why": "x"}).status_code == 403
    assert rows(session) == []


@pytest.fixture
def command(app: Flask) -> "Command":
    return Command(app)


class Command:
    """Runs `flask emails suppressions …`."""

    def __init__(self, app: Flask) -> None:
        self._runner = app.test_cli_runner()

    def __call__(self, *words: str, given: bytes | None = None) -> tuple[int, str]:
        result = self._runner.invoke(args=["emails", "suppressions", *words], input=given)
        return result.exit_code, result.stdout


def test_the_commands_do_what_the_page_does(command: Command, session: Session) -> None:
    """Add, list, remove and the history, as one JSON document each; who did it is written down."""
    assert command("add", MONA, "--why", "a letter", "--json") == (
        0,
        json.dumps({"email": MONA, "new": True}, indent=2) + "\n",
    )
    (shown,) = json.loads(command("list", "--json")[1])
    assert (shown["email"], shown["source"]) == (MONA, "the command line: a letter")
    assert command("remove", MONA, "--why", "she called")[0] == 0
    assert command("remove", MONA, "--why", "again")[0] == 1
    assert json.loads(command("list", "--json")[1]) == []
    assert json.loads(command("list", "--history", "--json")[1])[0]["lifted_why"] == "the command line: she called"
    assert command("add", "nonsense", "--why", "x")[0] == 1
    assert MONA in command("list", "--history")[1]


def test_importing_by_command_keeps_the_good_rows(command: Command, session: Session) -> None:
    """A dry run writes nothing; a bad row makes the exit code 1 and costs no other row."""
    file = b"email\nmona@client.example\nnonsense\n"
    code, text = command("import", "-", "--dry-run", "--json", given=file)
    assert code == 1
    assert json.loads(text)["new"] == 1
    assert rows(session) == []
    assert command("import", "-", given=file)[0] == 1
    assert [row.email for row in rows(session)] == [MONA]
    assert f"{MONA},all,manual" in command("export")[1]
