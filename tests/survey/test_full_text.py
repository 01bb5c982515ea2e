"""Search over what clients wrote, on whichever database the run uses."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from survey import full_text
from survey.db import Base
from survey.full_text import WORDS_INDEX, WORDS_TABLE, matches, words_of
from survey.models import Answer, SurveyResponse
from tests.factories import make_response

Find = Callable[[str], set[str]]


@pytest.fixture
def find(session: Session) -> Find:
    """The comments that a query finds."""

    def search(query: str) -> set[str]:
        dialect = session.get_bind().dialect.name
        found = select(Answer.text).where(Answer.text.is_not(None), matches(Answer.id, Answer.text, query, dialect))
        return {words or "" for words in session.scalars(found)}

    return search


def _write(session: Session, *comments: str) -> list[Answer]:
    made = [make_response(session, csat=3, comment=comment) for comment in comments]
    return [answer for response in made for answer in response.answers if answer.text]


def test_every_word_must_begin_a_word_of_the_comment(session: Session, find: Find) -> None:
    """In any order and case, by prefix; punctuation in the comment parts words."""
    _write(session, "Nobody called back.", "The technician called twice!", "Parts/labour cost 3.50, e-mail us")
    assert find("CALL nob") == {"Nobody called back."}
    assert find("call") == {"Nobody called back.", "The technician called twice!"}
    assert find("alled") == set()
    assert find("labour") == find("mail") == find("3.50") == {"Parts/labour cost 3.50, e-mail us"}
    assert len(find("")) == len(find("   ")) == 3


def test_signs_without_a_word_are_looked_for_as_they_stand(session: Session, find: Find) -> None:
    """An emoji finds its comments; a percent sign is no wildcard."""
    _write(session, "Great 👍", "100% late", "Fine")
    assert find("👍") == {"Great 👍"}
    assert find("%") == {"100% late"}


HOSTILE = (
    *('"', "'", "\\", "a AND", "NOT x OR", "near(a b)", "text:x", "a*", "^a", "(", "a & | !", "a:*", "<->", ":name"),
    *("x" * 999, "a b " * 50, "-- ; DROP TABLE answers", "%s %(x)s", "²½", "é̂ß", "\u202eabc", "日本語", "👍🏽 b"),
)


def test_no_input_is_an_error(session: Session, find: Find) -> None:
    """Quotes, operators of both databases, other scripts: the worst is that nothing is found."""
    _write(session, "Nobody called back.")
    for query in HOSTILE:
        assert find(query) <= {"Nobody called back."}, query


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_no_text_at_all_is_an_error(find: Find, query: str) -> None:
    """Whatever is typed."""
    find(query)


def test_words_are_letters_and_digits_only() -> None:
    """At most twelve, each once: no operator is left."""
    assert words_of("Don't “quote” Me, don_t!") == ["don", "t", "quote", "me"]
    assert len(words_of(" ".join(f"w{n}" for n in range(40)))) == 12


def test_the_index_follows_every_change(session: Session, find: Find) -> None:
    """Changed, emptied, taken away with the whole response: what is gone is not found."""
    first, second = _write(session, "Slow reply", "Slow work")
    first.text = "Quick reply"
    session.flush()
    assert find("slow") == {"Slow work"}
    assert find("quick") == {"Quick reply"}
    first.text, first.number = None, 1
    session.flush()
    assert find("quick") == set()
    session.execute(delete(SurveyResponse).where(SurveyResponse.id == second.response_id))
    session.expire_all()
    assert find("slow") == set()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"INSERT INTO {WORDS_TABLE}({WORDS_TABLE}) VALUES ('integrity-check')"))


def test_a_search_uses_the_index(session: Session) -> None:
    """Not a walk through every comment: the planner knows the expression for the one that is indexed."""
    _write(session, "Nobody called back.")
    dialect = session.get_bind().dialect
    wanted = select(Answer.id).where(matches(Answer.id, Answer.text, "called", dialect.name)).compile(dialect=dialect)
    if dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = f"{'EXPLAIN QUERY PLAN' if dialect.name == 'sqlite' else 'EXPLAIN'} {wanted}"
    values = tuple(wanted.params.values()) if dialect.name == "sqlite" else dict(wanted.params)
    plan = " ".join(str(row) for row in session.connection().exec_driver_sql(explain, values).all())
    assert (WORDS_TABLE if dialect.name == "sqlite" else WORDS_INDEX) in plan


def test_the_migration_indexes_what_is_there_already(session: Session, find: Find) -> None:
    """Taken away and made again over rows: the same comments are found."""
    _write(session, "Nobody called back.")
    full_text.drop(session.connection())
    full_text.create(session.connection())
    assert find("nobody") == {"Nobody called back."}
    assert WORDS_TABLE not in Base.metadata.tables
