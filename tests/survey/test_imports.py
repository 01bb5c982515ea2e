"""Files as people really export them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from survey.errors import InvalidInputError
from survey.imports import read_jobs, read_responses
from survey.models import Exclusion

HEADER = "source,external_id,client,contact_email,completed_at"
BERLIN = ZoneInfo("Europe/Berlin")


def errors_of(text: str, kind: str = "jobs") -> list[str]:
    """Every error of a file, as a person reads them."""
    rows = (read_jobs if kind == "jobs" else read_responses)(text.encode(), UTC).rows
    return [str(error) for row in rows for error in row.errors]


def test_all_columns_are_read() -> None:
    """Every column of the contract arrives in the record, cleaned."""
    text = (
        "source,external_id,client,client_ref,contact_name,contact_email,contact_role,contact_language,"
        "contact_timezone,kind,summary,staff,opened_at,promised_at,completed_at,value,currency,exclude\n"
        "psa, J1 ,Garcia Legal,C7,Ana Xu,Ana@Garcia.example,decision-maker,pt_BR,Europe/Lisbon,Repair,"
        '"Printer, ""the old one""",Ben Ode:3;Cy Lund:1,2026-03-01,2026-03-02T10:00,2026-03-02T09:00:00Z,'
        "1234.5,eur,auto-closed\n"
    )
    table = read_jobs(text.encode("utf-8-sig"), BERLIN)
    record = next(table.rows).record
    assert record is not None
    assert (table.row_count, table.ignored) == (1, ())
    assert (record.external_id, record.contact_email, record.contact_language) == ("J1", "ana@garcia.example", "pt-BR")
    assert record.summary == 'Printer, "the old one"'
    assert record.staff == (("Ben Ode", 3.0), ("Cy Lund", 1.0))
    assert record.opened_at == datetime(2026, 2, 28, 23, 0, tzinfo=UTC)  # midnight in Berlin
    assert record.promised_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert record.completed_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (record.value, record.currency, record.exclusion) == (Decimal("1234.50"), "EUR", Exclusion.AUTO_CLOSED)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_recognised(delimiter: str, ending: str) -> None:
    """Comma, semicolon and tab; Unix, Windows and old Mac lines; columns in any order and case."""
    header = delimiter.join(["Completed_At", "client", " contact_email", '"source"', "EXTERNAL_ID"])
    row = delimiter.join(["2026-03-02", '"Garcia, Legal; Co"', "a@b.example", "psa", "J1"])
    table = read_jobs(f"{header}{ending}{row}{ending}{ending}".encode(), UTC)
    records = [entry.record for entry in table.rows]
    assert [record.client for record in records if record] == ["Garcia, Legal; Co"]


def test_an_empty_completed_at_is_an_open_job() -> None:
    """The column must be there; an empty cell says that the job is still open."""
    row = next(read_jobs(f"{HEADER}\npsa,J1,Garcia,a@b.example,\n".encode(), UTC).rows)
    assert row.record is not None
    assert row.record.completed_at is None


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("psa,,Garcia,a@b.example,2026-03-02", "line 2, external_id: is empty; a value is required"),
        (
            "psa,J1,Garcia,nobody,2026-03-02",
            "line 2, contact_email: “nobody” is not an email address; expected something like ana@firm.example",
        ),
        (
            "psa,J1,Garcia,a@b.example,02/03/2026",
            "line 2, completed_at: “02/03/2026” is not a date; expected ISO 8601, such as 2026-03-10T14:30:00+01:00 "
            "or 2026-03-10",
        ),
        (
            "psa,J1,Garcia,a@b.example,0026-03-02",
            "line 2, completed_at: “0026-03-02” lies outside the years 1970 to 2199",
        ),
        (f"psa,J1,{'x' * 201},a@b.example,", "line 2, client: is 201 characters long; at most 200 are kept"),
        ("psa,J\0,Garcia,a@b.example,", "line 2, external_id: contains a NUL character, which is no text"),
        (
            "psa,J1,Garcia,a@b.example",
            "line 2, (row): this row has 4 cells, the header has 5; is a quote or a delimiter missing?",
        ),
    ],
)
def test_a_bad_cell_is_named_and_the_good_row_kept(row: str, error: str) -> None:
    """Line, column, what it holds and what was expected; the row after it is read."""
    table = read_jobs(f"{HEADER}\n{row}\npsa,J2,Garcia,a@b.example,2026-03-02\n".encode(), UTC)
    bad, good = table.rows
    assert [str(found) for found in bad.errors] == [error]
    assert bad.record is None
    assert good.record is not None
    assert good.line == 3


@pytest.mark.parametrize(
    ("column", "cell", "error"),
    [
        ("value", "1.234,50", "is not an amount; expected a number with a decimal point, such as 1234.50"),
        ("value", "NaN", "is not an amount"),
        ("value", "1e5", "is not an amount"),
        ("value", ".", "is not an amount"),
        ("value", "10000000000", "is too large"),
        ("currency", "€", "is not a currency; expected three letters, such as EUR"),
        ("contact_timezone", "Berlin", "is not a time zone; expected an IANA name, such as Europe/Berlin"),
        ("contact_language", "English please", "is not a language"),
        ("staff", "Ana:0", "is not a name and a share; expected name:share;name:share, such as Ana Xu:1"),
        ("staff", ":1", "is not a name and a share"),
        ("staff", "Ana:nan", "is not a name and a share"),
        ("exclude", "maybe", "is not one of: spam, auto_closed, internal, other"),
        ("opened_at", "soon", "is not a date"),
    ],
)
def test_optional_cells_are_checked_too(column: str, cell: str, error: str) -> None:
    """A wrong optional cell is an error, not a silent nothing."""
    text = f'{HEADER},{column}\npsa,J1,Garcia,a@b.example,,"{cell}"\n'
    assert errors_of(text) == [f"line 2, {column}: “{cell}” {error}"] or errors_of(text)[0].startswith(
        f"line 2, {column}: “{cell}” {error}"
    )


def test_every_bad_cell_of_a_row_is_named() -> None:
    """One row with three bad cells has three errors, so that one look is enough."""
    assert [error.split(":")[0] for error in errors_of(f"{HEADER}\n,J1,Garcia,x,y\n")] == [
        "line 2, source",
        "line 2, contact_email",
        "line 2, completed_at",
    ]


def test_lines_are_counted_through_quoted_line_breaks() -> None:
    """A comment over three lines does not shift the line numbers of what follows, and blank lines are no rows."""
    text = f'{HEADER},summary\npsa,J1,Garcia,a@b.example,,"one\ntwo\nthree"\n\n,J2,Garcia,a@b.example,,\n'
    assert errors_of(text) == ["line 6, source: is empty; a value is required"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty; the first line must name the columns."),
        (b"\xef\xbb\xbf \n", "The file is empty"),
        (b"source,external_id\n", "The required columns are missing: client, contact_email, completed_at."),
        (f"{HEADER},client\n".encode(), "The header names a column twice: client."),
        (f"{HEADER}\npsa,J1,M\xfcller,a@b.example,\n".encode("latin-1"), "This is not UTF-8 text (line 2)."),
        (HEADER.encode("utf-16"), "This is not UTF-8 text (line 1)."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, message: str) -> None:
    """Empty, without its columns, or in another encoding: one sentence, nothing read."""
    with pytest.raises(InvalidInputError) as caught:
        read_jobs(data, UTC)
    assert str(caught.value).startswith(message)


def test_unknown_columns_are_reported_and_ignored() -> None:
    """A column that we do not know does no harm, and is named."""
    table = read_jobs(f"{HEADER},Colour,Notes\npsa,J1,Garcia,a@b.example,,red,\n".encode(), UTC)
    assert table.ignored == ("Colour", "Notes")
    assert next(table.rows).record is not None


def test_answers_are_read_on_their_scales() -> None:
    """csat, nps, ces and comment; `4.0` is 4; an empty cell is no answer."""
    text = (
        "source,external_id,contact_email,submitted_at,csat,nps,ces,comment,language\n"
        'psa,J1,a@b.example,2026-03-02T10:00:00+00:00,4.0,10,,"Fine,\nthanks",en\n'
    )
    record = next(read_responses(text.encode(), UTC).rows).record
    assert record is not None
    assert (record.csat, record.nps, record.ces, record.comment) == (4, 10, None, "Fine,\nthanks")


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ("6,,", "line 2, csat: “6” is not on the scale; expected a whole number from 1 to 5"),
        (",11,", "line 2, nps: “11” is not on the scale; expected a whole number from 0 to 10"),
        ("4.5,,", "line 2, csat: “4.5” is not on the scale; expected a whole number from 1 to 5"),
        ("good,,", "line 2, csat: “good” is not on the scale; expected a whole number from 1 to 5"),
        (
            ",,",
            "line 2, csat: there is no answer in this row; expected at least one of csat, nps, ces, comment",
        ),
    ],
)
def test_an_answer_off_its_scale_is_named(cells: str, error: str) -> None:
    """A value outside the scale, or no answer at all, is named by line and column."""
    text = f"source,external_id,contact_email,submitted_at,csat,nps,comment\npsa,J1,a@b.example,2026-03-02,{cells}\n"
    assert errors_of(text, "responses") == [error]


def test_an_answer_needs_its_moment() -> None:
    """submitted_at is required in every row."""
    text = "source,external_id,contact_email,submitted_at,csat\npsa,J1,a@b.example,,4\n"
    assert errors_of(text, "responses") == ["line 2, submitted_at: is empty; a value is required"]
