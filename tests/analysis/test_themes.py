"""Themes from the comments to the desk: kept from day to day, renamed, hidden, shown with their figures."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.themes import themes_page
from analysis.models import Theme, ThemeMention, ThemeRun
from analysis.reading import themes
from analysis.reading.analysers import embedder
from analysis.reading.theme_edits import rename
from analysis.tasks import find_themes
from survey import clock
from survey.asking.schedule import zone_for
from survey.config import ReadingMode
from survey.db import transaction
from survey.models import Answer, SurveyResponse
from tests.analysis.desk_rows import WORST, make_reading
from tests.analysis.theme_words import INVOICE, PARKING, UNRELATED, WordEmbedder
from tests.conftest import NOW
from tests.factories import make_response

UTC = zone_for("UTC")


def _say(session: Session, texts: Sequence[str], days_ago: float, now: datetime = NOW) -> None:
    for text in texts:
        make_response(session, csat=3, comment=text, submitted_at=now - timedelta(days=days_ago))


def _run(session: Session, now: datetime = NOW, able: WordEmbedder | None = None) -> int:
    able = able or WordEmbedder()
    material = themes.gather(session, able.space, now)
    return themes.store(session, material, themes.look(able, material), now)


def _rows(session: Session) -> set[tuple[int, int, int, int]]:
    return {(m.theme_id, m.answer_id, m.start, m.end) for m in session.scalars(select(ThemeMention))}


def _say_all(session: Session, now: datetime) -> None:
    """Invoices for months, parking since last week, and much else."""
    _say(session, UNRELATED, 100, now)
    _say(session, UNRELATED, 200, now)
    _say(session, INVOICE, 60, now)
    _say(session, PARKING, 5, now)


@pytest.fixture
def said(session: Session) -> Session:
    """A session with comments up to NOW."""
    _say_all(session, NOW)
    return session


@pytest.fixture
def found(session: Session) -> Session:
    """A session with comments up to the present, in which themes were found: pages go by the clock."""
    _say_all(session, clock.now())
    _run(session, clock.now())
    session.commit()
    return session


def test_themes_are_found_and_new_ones_are_told_apart(said: Session) -> None:
    """Parking is new this month; invoices were wrong all along."""
    assert _run(said) >= 2
    page = themes_page(said, NOW, UTC)
    assert [row.theme.name for row in page.new] == ["Parking space"]
    assert any("nvoice" in row.theme.name for row in page.known)
    row = page.new[0]
    assert (row.said.lately, row.said.before, row.clients, row.total) == (6, 0, 6, 6)
    assert len(row.quotes) == 2
    assert row.quotes[0].words in PARKING
    assert sum(count.total for count in row.months.counts) == 6


def test_a_second_run_changes_nothing(said: Session) -> None:
    """The same comments give the same rows."""
    _run(said)
    before = _rows(said), {theme.id: theme.name for theme in said.scalars(select(Theme))}
    _run(said, NOW + timedelta(hours=1))
    assert (_rows(said), {theme.id: theme.name for theme in said.scalars(select(Theme))}) == before


def test_a_theme_keeps_its_id_its_first_day_and_its_name(said: Session) -> None:
    """A week and some comments later it is the same theme; a person's name for it stays."""
    _run(said)
    theme = said.scalars(select(Theme).where(Theme.name == "Parking space")).one()
    first = theme.first_seen_at
    rename(theme, "  The van  on the pavement ", None, NOW)
    for text in ("Van in the parking space again", "Another van, another parking space lost"):
        make_response(said, csat=2, comment=text, submitted_at=NOW + timedelta(days=6))
    _run(said, NOW + timedelta(days=7))
    assert theme.name == "The van on the pavement"
    assert theme.first_seen_at == first
    assert theme.last_seen_at == NOW + timedelta(days=6)
    assert len([row for row in _rows(said) if row[0] == theme.id]) >= 7


def test_another_embedding_recognises_the_themes(said: Session) -> None:
    """Centroids of another space mean nothing: they are made again from where the theme was said."""
    _run(said)
    before = {theme.id: theme.name for theme in said.scalars(select(Theme))}
    _run(said, NOW + timedelta(days=1), WordEmbedder("words-2", turn=97))
    assert {theme.id: theme.name for theme in said.scalars(select(Theme))} == before
    assert set(said.scalars(select(Theme.model))) == {"words-2"}


def test_what_nobody_says_any_more_is_forgotten_unless_it_was_named(said: Session) -> None:
    """After thirteen months a theme without a comment goes; one that a person named waits."""
    _run(said)
    kept = said.scalars(select(Theme).where(Theme.name == "Parking space")).one()
    rename(kept, "Vans", None, NOW)
    _run(said, NOW + timedelta(days=500))
    assert said.scalars(select(Theme.name)).all() == ["Vans"]
    assert _rows(said) == set()


def test_few_comments_have_no_themes(session: Session) -> None:
    """The run is noted all the same, and repeated once there are enough."""
    _say(session, INVOICE, 3)
    assert _run(session) == 0
    page = themes_page(session, NOW, UTC)
    assert (page.enough, page.comments) == (False, 6)
    assert not themes.due(session, NOW + timedelta(minutes=1))
    _say(session, UNRELATED, 3)
    assert themes.due(session, NOW + timedelta(minutes=1))


def test_once_on_each_day_of_the_firm(said: Session) -> None:
    """Due before the first run and on the next day, not in between."""
    assert themes.due(said, NOW)
    _run(said)
    assert not themes.due(said, NOW + timedelta(hours=11))
    assert themes.due(said, NOW + timedelta(hours=13))


def test_a_slower_run_gives_way(said: Session) -> None:
    """What was gathered before another run ended is not stored over it."""
    able = WordEmbedder()
    material = themes.gather(said, able.space, NOW)
    found = themes.look(able, material)
    _run(said)
    assert themes.store(said, material, found, NOW + timedelta(minutes=5)) == 0
    assert said.get_one(ThemeRun, 1).at == NOW


def test_an_answer_deleted_meanwhile_is_left_out(said: Session) -> None:
    """Themes are stored without it."""
    able = WordEmbedder()
    material = themes.gather(said, able.space, NOW)
    found = themes.look(able, material)
    gone = said.scalars(select(Answer).where(Answer.text == PARKING[0])).one()
    gone_id = gone.id
    said.delete(gone)
    said.flush()
    themes.store(said, material, found, NOW)
    assert gone_id not in {row[1] for row in _rows(said)}


def test_a_changed_comment_is_not_quoted(said: Session) -> None:
    """Its old places mean nothing in its new words; the next run reads it."""
    _run(said)
    changed = said.scalars(select(Answer).where(Answer.text == PARKING[0])).one()
    changed.text, changed.answered_at = "All fine now", NOW + timedelta(hours=1)
    said.flush()
    assert themes_page(said, NOW + timedelta(hours=2), UTC).new[0].total == 5


def test_half_a_sentence_has_its_own_tone(said: Session) -> None:
    """A pleased comment whose second half names what was bad counts as bad where that half is what is said often."""
    _run(said)
    mention = said.scalars(
        select(ThemeMention).join(Answer, Answer.id == ThemeMention.answer_id).where(Answer.text == PARKING[0])
    ).one()
    answer = said.get_one(Answer, mention.answer_id)
    answer.text = f"Solid job, friendly; {(answer.text or '').lower()}, {WORST}"
    bad = answer.text.index(";") + 2
    mention.start, mention.end = bad, len(answer.text)
    reading = make_reading(said, answer, said.get_one(SurveyResponse, answer.response_id).client_id)
    reading.sentences = [{"start": 0, "end": len(answer.text), "sentiment": "positive", "score": 0.4}]

    def bad_ones() -> int:
        return themes_page(said, NOW, UTC).new[0].read.negative

    against, friendly = reading.evidence
    assert bad_ones() == 1  # what speaks against us is marked in this half
    reading.sentences = [{**reading.sentences[0], "sentiment": "negative", "score": -0.4}]
    reading.evidence = [friendly]
    said.flush()
    assert bad_ones() == 0  # all that was marked stands in the other half: nothing is known of this one
    reading.sentences = [{**reading.sentences[0], "sentiment": "positive", "score": 0.4}]
    reading.evidence = []
    said.flush()
    assert bad_ones() == 0  # nothing is marked: the sentence decides
    reading.evidence = [against, friendly]
    reading.aspects = [*reading.aspects, {"aspect": "access", "sentiment": "negative", "start": bad, "end": bad + 20}]
    said.flush()
    assert bad_ones() == 1


def test_the_first_quote_says_the_themes_name(said: Session) -> None:
    """A name that is in none of the quotes leaves the reader wondering; a person's own name need not be in one."""
    _run(said)
    row = themes_page(said, NOW, UTC).new[0]
    last = row.quotes[-1].words
    row.theme.name = " ".join(last.split()[-3:]).rstrip(".!")
    assert row.theme.name.casefold() not in row.quotes[0].words.casefold()
    said.flush()
    first = themes_page(said, NOW, UTC).new[0].quotes[0].words
    assert row.theme.name.casefold() in first.casefold()
    row.theme.name = "What we must mend"
    said.flush()
    assert themes_page(said, NOW, UTC).new[0].quotes == row.quotes


def test_the_task_runs_once(app: Flask) -> None:
    """The worker's task finds themes and has nothing to do after; without an embedder it does nothing."""
    able = WordEmbedder()
    with app.app_context():
        with transaction() as session:
            _say_all(session, clock.now())
        assert find_themes(lambda: None) == 0
        assert find_themes(lambda: able) >= 2
        given = able.given
        assert find_themes(lambda: able) == 0
        assert able.given == given


def test_the_fast_tier_finds_no_themes() -> None:
    """Its words have no place in the space of sentences."""
    assert embedder(ReadingMode.FAST) is None


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def test_the_page_shows_new_and_known_themes(manager: FlaskClient, found: Session) -> None:
    """With figures, quotes and when it was looked for; a theme has a page with all of its comments."""
    page = _text(manager.get("/desk/comments/themes"))
    assert "New this month" in page
    assert "Said all along" in page
    theme = found.scalars(select(Theme).order_by(Theme.last_seen_at.desc())).first()
    assert theme is not None
    one = _text(manager.get(f"/desk/comments/themes/{theme.id}"))
    assert "First said" in one
    assert manager.get("/desk/comments/themes/999").status_code == 404


def test_the_page_says_what_is_missing(manager: FlaskClient, session: Session) -> None:
    """Too few comments are told with their number."""
    assert "you have 0" in _text(manager.get("/desk/comments/themes"))


def test_a_manager_renames_and_hides_with_undo(manager: FlaskClient, found: Session) -> None:
    """A name stays; a hidden theme leaves the lists and comes back."""
    theme_id = found.scalars(select(Theme.id).where(Theme.name == "Parking space")).one()
    url = f"/desk/comments/themes/{theme_id}"
    assert manager.post(f"{url}/rename", data={"name": "Vans"}).status_code == 303
    assert found.get_one(Theme, theme_id).name == "Vans"
    assert "Please type a name." in _text(manager.post(f"{url}/rename", data={"name": " "}, follow_redirects=True))
    hidden = _text(manager.post(f"{url}/hide", follow_redirects=True))
    assert f"{url}/show-again" in hidden
    assert found.get_one(Theme, theme_id).hidden_at is not None
    manager.post(f"{url}/show-again")
    assert found.get_one(Theme, theme_id).hidden_at is None


def test_viewers_read_only(viewer: FlaskClient, found: Session) -> None:
    """They see themes without buttons, and may change nothing."""
    theme_id = found.scalars(select(Theme.id)).first()
    assert "/hide" not in _text(viewer.get("/desk/comments/themes"))
    for what in ("rename", "hide", "show-again"):
        assert viewer.post(f"/desk/comments/themes/{theme_id}/{what}", data={"name": "x"}).status_code == 403


def test_the_command_prints_themes(app: Flask, found: Session) -> None:
    """As a document for other programs, and as tables."""
    run = app.test_cli_runner().invoke
    document = json.loads(run(args=["text", "themes", "--json"]).stdout)
    assert document["comments"] == len(UNRELATED) * 2 + len(INVOICE) + len(PARKING)
    assert {row["name"] for row in (*document["new"], *document["known"])} >= {"Parking space"}
    assert "Parking space" in run(args=["text", "themes"]).stdout


def test_the_command_says_what_to_type(app: Flask) -> None:
    """Before the first run."""
    assert "flask text themes --now" in app.test_cli_runner().invoke(args=["text", "themes"]).stderr
