"""The parser of what a firm writes: any text is kept exactly, and shown as nothing but text."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import escape

from emails.texts.comparing import compared, pieces
from emails.wording import (
    PLACES,
    Place,
    Wording,
    as_html,
    as_text,
    cleaned,
    filled,
    host_of,
    links,
    nearest,
    parse,
    places,
    source_of,
)

VALUES = {
    "first_name": "Mona",
    "kind": "Printer repair",
    "kind_in_sentence": "printer repair",
    "firm": "Lund & Sons",
    "staff": "",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "{{ config }} {% for x in y %} {# note #} ${x} <%= 1 %> %(firm)s {0} {} {{first_name}}",
    "=cmd|'/c calc'!A0",
    "line\r\nBcc: all@client.example",
    "\u202eevil\u202c \u2066x\u2069 \u200b",
    "a\x00b\x1b[31m\ud7ff\U0001f600",
    "{" * 2_000,
    "{first_name|" * 500,
    "{first_name||}{ kind }{firm |}",
)
anything = st.text(max_size=300) | st.lists(
    st.sampled_from(["{", "}", "|", "{first_name}", "{staff|us}", "{{", "}}", "\n", " ", "<b>", "&", "{nmae}", "%s"])
).map("".join)


@given(anything)
@example(HOSTILE[0])
@example("".join(HOSTILE))
def test_reading_a_text_keeps_every_character(text: str) -> None:
    """Whatever it is, its parts put together again are the text."""
    assert source_of(parse(text)) == text


@given(anything)
@example("".join(HOSTILE))
def test_html_holds_no_markup_but_ours(text: str) -> None:
    """Nothing in a text opens an element or closes one: besides paragraphs, breaks and links there is none."""
    made = str(as_html(text, {name: str(escape(value)) for name, value in VALUES.items()}))
    tags = set(re.findall(r"<[^>]*>", made))
    ours = {"<p>", "</p>", "<br>", "</a>"}
    assert all(tag in ours or re.fullmatch(r'<a class="link" href="https?://[^"<>]*">', tag) for tag in tags)


@given(st.text(alphabet=st.characters(exclude_characters="{}\n\r", exclude_categories=("C", "Z")), min_size=1))
def test_a_text_without_places_is_shown_as_it_stands(text: str) -> None:
    """In the plain part to the letter, in the HTML escaped."""
    assert as_text(text, VALUES) == text
    shown = re.sub(r"<[^>]*>", "", str(as_html(text, VALUES)))
    assert html.unescape(shown) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept(text: str) -> None:
    """What comes through a form keeps all but control characters, and one kind of line break."""
    kept = cleaned(text, text, text)
    assert "\n" not in kept.subject
    assert "\r" not in kept.opening
    assert kept.opening == re.sub(r"[\x00\x1b]", "", text.replace("\r\n", "\n")).strip()
    assert cleaned(*(value for _field, value in kept.items())) == kept


def test_other_template_languages_mean_nothing() -> None:
    """Two braces, percent signs and the like are plain characters, and are never looked up."""
    text = "{{ first_name }} {% if x %} %(firm)s {0} ${firm}"
    assert [part.name for part in places(text)] == ["firm"]  # the last one alone has our form
    assert filled("{{first_name}} {{ kind }}", VALUES) == "{{first_name}} {{ kind }}"


def test_a_value_is_never_read_again() -> None:
    """A place inside a person's own value stays what it is."""
    assert filled("Hello {first_name}.", {"first_name": "{firm}", "firm": "X"}) == "Hello {firm}."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {first_name},", "Hello Mona,"),
        ("{staff|We} did it", "We did it"),
        ("Done by {staff}.", "Done by."),
        ("{staff} did it", "did it"),
        ("Your {kind} is done. {kind}: well?", "Your printer repair is done. Printer repair: well?"),
        ("{kind|Job}: well?", "Printer repair: well?"),
        ("{ first_name } {unknown}", "Mona {unknown}"),
        ("{staff|a < b}", "a < b"),
    ],
)
def test_values_stand_where_they_belong(text: str, expected: str) -> None:
    """Words instead, the space of what is missing, and the capital of a kind by where it stands."""
    assert filled(text, VALUES) == expected


def test_paragraphs_breaks_and_links() -> None:
    """An empty line parts paragraphs, a line break stays, an address of a page is a link without its full stop."""
    made = as_html("Hello,\n\nsee https://lund.example/a?b=1&c=2.\nBye", {})
    assert made == (
        '<p>Hello,</p>\n<p>see <a class="link" href="https://lund.example/a?b=1&amp;c=2">'
        "https://lund.example/a?b=1&amp;c=2</a>.<br>Bye</p>"
    )
    assert as_text("Hello,\n \n\n{staff}\n\nBye", VALUES) == "Hello,\n\nBye"
    assert links("www.lund.example, (http://x.example/y)") == ["www.lund.example", "http://x.example/y"]
    assert [host_of(link) for link in ("www.Lund.example/x", "https://x.example:8/", "https://[bad")] == [
        "www.lund.example",
        "x.example",
        "",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("first name", "first_name"), ("Firstname", "first_name"), ("frim", "firm"), ("closes", "closes_on"), ("zzz", "")],
)
def test_the_nearest_place_is_offered(written: str, meant: str) -> None:
    """A slip leads to what was meant; what is like nothing leads nowhere."""
    assert nearest(written) == meant
    assert not Place(written, None, "").is_known
    assert set(PLACES) >= {meant} - {""}


@given(anything, anything)
def test_comparing_two_texts_loses_nothing(before: str, after: str) -> None:
    """What both have and what only one has make up both texts again."""
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.change != "added") == before
    assert "".join(piece.text for piece in found if piece.change != "removed") == after


def test_only_fields_that_differ_are_compared() -> None:
    """A placeholder is one word."""
    found = compared(Wording("a", "Hello {first_name}", "c"), Wording("a", "Hello {name}", "c"))
    assert [(piece.change, piece.text) for piece in found["opening"]] == [
        ("", "Hello "),
        ("removed", "{first_name}"),
        ("added", "{name}"),
    ]
    assert list(found) == ["opening"]
