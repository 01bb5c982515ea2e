"""The results on the desk: counted in the database, filtered, kept from those who may not see them, downloaded."""

import csv
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from analysis.desk.comments import CommentFilter, comments
from survey import clock
from survey.asking.schedule import zone_for
from survey.desk_queries import search_surveys
from survey.evidence.records import record_visit
from survey.models import (
    Answer,
    Firm,
    InvitationState,
    ResponseOrigin,
    SurveyEventKind,
    Touchpoint,
)
from survey.results.figures import Card
from survey.results.funnel import drop_off, load_funnel, load_way
from survey.results.page import ON_A_PAGE, Choice, ask, figures, load_results
from survey.results.queries import Wanted, languages
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_resolution
from tests.survey.results.rows import PERSON, SCANNER, answered, asks, confide, published, questionnaire, visited


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.fixed_at(NOW):
        yield


def cards_of(session: Session, choice: Choice | None = None, *, managers: bool = True) -> dict[str, Card]:
    asking = ask(session, choice or Choice(), NOW, managers=managers)
    return {card.asked.key: card for card in figures(session, asking, NOW).cards}


def test_the_page_says_the_figure_with_its_interval(session: Session, viewer: FlaskClient) -> None:
    """The mean stands with its interval in words and the number of answers; the table of the months is in the page."""
    for csat in (5, 5, 4, 4, 5, 3):
        answered(session, csat=csat, nps=9)
    page = viewer.get("/desk/results").get_data(as_text=True)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert re.search(r"4\.3 of 5, between 3\.\d and 5\.0, from 6 answers", text)
    assert re.search(r"\+100 Net Promoter Score, between \+\d\d and \+100, from 6 answers", text)
    assert "Mar 2026" in text
    assert "No answers in the time before to compare with" in text


def test_without_answers_the_page_says_what_will_be_here(viewer: FlaskClient) -> None:
    """Before the first answer, and where filters leave none, the page says so and helps on."""
    assert "No answers yet" in viewer.get("/desk/results").get_data(as_text=True)
    assert "No answers here" in viewer.get("/desk/results?kind=Nothing").get_data(as_text=True)
    assert "No jobs in this time" in viewer.get("/desk/results/funnel").get_data(as_text=True)


def test_under_five_answers_nothing_is_said(session: Session, viewer: FlaskClient) -> None:
    """Four answers get no figure and no bars."""
    for csat in (1, 1, 2, 5):
        answered(session, csat=csat)
    page = viewer.get("/desk/results").get_data(as_text=True)
    assert "Too few to say" in page
    assert "headline-number" not in page
    card = cards_of(session)["csat"]
    assert (card.n, card.bars, card.lines[0].figure.estimate) == (4, (), None)


def test_figures_agree_with_the_lists_of_the_desk(session: Session) -> None:
    """The same answers are counted as the list of surveys shows ratings, and as the list of comments shows comments."""
    for number in range(9):
        words: dict[str, Any] = {"comment": f"Words {number}"} if number % 2 else {}
        answered(session, csat=1 + number % 5, **words)
    answered(session, csat=5, at=NOW - timedelta(days=900), comment="Long ago")
    found = cards_of(session, Choice(span="all"))
    listed = [row.rating for row in search_surveys(session, InvitationState.ANSWERED, "", 1).items]
    assert found["csat"].n == len([rating for rating in listed if rating])
    assert [bar.count for bar in found["csat"].bars] == [listed.count(rating) for rating in (5, 4, 3, 2, 1)]
    firm = session.get_one(Firm, 1)
    everything = comments(session, CommentFilter(), zone_for(firm.timezone))
    recent = comments(session, CommentFilter(since=(NOW - timedelta(days=30)).date()), zone_for(firm.timezone))
    assert found["comment"].n == everything.total == 5
    assert cards_of(session)["comment"].n == recent.total == 4


@pytest.mark.parametrize(
    ("wanted", "n"),
    [
        (Wanted(), 4),
        (Wanted(kind="Support"), 2),
        (Wanted(kind="SUPPORT"), 2),
        (Wanted(staff="Ben Ode"), 2),
        (Wanted(language="de"), 1),
        (Wanted(client="green"), 1),
        (Wanted(origin="import"), 1),
        (Wanted(kind="Support", language="de"), 0),
    ],
)
def test_filters_leave_whom_they_name(session: Session, wanted: Wanted, n: int) -> None:
    """Each filter leaves its answers, several together those that fit all."""
    green = make_contact(session, make_client(session, name="Greenfield Ltd"))
    answered(session, csat=5, kind="Support")
    answered(session, csat=4, staff={"Ben Ode": 0.5, "Ana Xu": 0.5}, contact=green)
    answered(session, csat=3, language="de", staff={"Ben Ode": 1.0})
    answered(session, csat=2, origin=ResponseOrigin.IMPORT, kind="support")
    assert cards_of(session, Choice(wanted=wanted))["csat"].n == n


def test_a_filter_by_person_is_for_managers(session: Session, viewer: FlaskClient, manager: FlaskClient) -> None:
    """Results of one person's work are about that person: a viewer is not offered the filter, and it does nothing."""
    for _ in range(5):
        answered(session, csat=5, staff={"Ben Ode": 1.0})
        answered(session, csat=1, staff={"Ana Xu": 1.0})
    assert 'name="staff"' not in viewer.get("/desk/results").get_data(as_text=True)
    assert "Done by Ben" not in viewer.get("/desk/results?staff=Ben+Ode").get_data(as_text=True)
    assert "10 surveys answered" in viewer.get("/desk/results?staff=Ben+Ode").get_data(as_text=True)
    assert "5 surveys answered" in manager.get("/desk/results?staff=Ben+Ode").get_data(as_text=True)


def test_versions_are_counted_apart_and_together(session: Session) -> None:
    """Answers of two versions are one figure, each version has its own, and one can be asked for alone."""
    made = questionnaire(session, "After a job", asks("nps", "nps"))
    first = published(session, made)
    second = published(session, made)
    for _ in range(6):
        answered(session, first, csat=4)
    for _ in range(5):
        answered(session, second, csat=5)
    answered(session, csat=1)
    card = cards_of(session)["csat"]
    assert card.n == 12
    assert [
        (version.label, figure.n) for version, figure in zip(card.versions, card.lines[0].versions, strict=True)
    ] == [
        ("Imported, or from before versions", 1),
        ("Version 1", 6),
        ("Version 2", 5),
    ]
    assert cards_of(session, Choice(version="2"))["csat"].n == 5
    assert cards_of(session, Choice(version="early"))["csat"].n == 1
    assert cards_of(session, Choice(version="99"))["csat"].n == 12


def test_questionnaires_are_counted_apart(session: Session, manager: FlaskClient) -> None:
    """All together show what they share; one shows its own questions, and no answer of another."""
    one = questionnaire(session, "After a job", asks("mine", "yes_no"))
    other = questionnaire(session, "Relationship", asks("mine", "rating"))
    first, second = published(session, one), published(session, other)
    for _ in range(5):
        answered(session, first, csat=5, mine=1)
        answered(session, second, csat=1, mine=4)
    assert "mine" not in cards_of(session)
    assert cards_of(session)["csat"].n == 10
    alone = cards_of(session, Choice(questionnaire=str(other.id)))
    assert (alone["csat"].n, alone["mine"].n, alone["mine"].asked.type.value) == (5, 5, "rating")
    page = manager.get(f"/desk/results?questionnaire={one.id}").get_data(as_text=True)
    assert "mine?" in page
    assert "All questionnaires" in page


def test_what_is_for_managers_is_not_for_viewers(session: Session, viewer: FlaskClient, manager: FlaskClient) -> None:
    """Neither figures nor words of a managers’ question reach a viewer, on any page and in no download."""
    made = questionnaire(
        session,
        "After a job",
        asks("inside", "long_text", confidentiality="managers"),
        asks("hush", "rating", confidentiality="managers"),
    )
    version = published(session, made)
    for number in range(6):
        response = answered(session, version, csat=5)
        response.answers.append(Answer(question="inside", text=f"Secret {number}", answered_at=NOW, managers_only=True))
        response.answers.append(Answer(question="hush", number=2, answered_at=NOW, managers_only=True))
    for path in ("", "/results.csv", "/questions/csat"):
        seen = viewer.get(f"/desk/results{path}").get_data(as_text=True)
        assert "Secret" not in seen, path
        assert "hush,hush?" not in seen, path
    assert "For managers only" in viewer.get("/desk/results").get_data(as_text=True)
    assert viewer.get("/desk/results/questions/hush").status_code == 404
    assert "Secret 5" in manager.get("/desk/results").get_data(as_text=True)
    assert "hush,hush?" in manager.get("/desk/results/results.csv").get_data(as_text=True)
    assert "hush" not in cards_of(session, managers=False)


def test_a_question_that_became_the_managers_shows_viewers_what_was_said_before(session: Session) -> None:
    """An answer keeps the confidentiality that its version promised."""
    made = questionnaire(session, "After a job", asks("hush", "rating"))
    version = published(session, made)
    for number in range(6):
        response = answered(session, version, csat=5)
        response.answers.append(Answer(question="hush", number=4, answered_at=NOW, managers_only=number > 3))
    session.flush()
    assert cards_of(session, managers=False)["hush"].n == 4
    assert cards_of(session)["hush"].n == 6


def test_a_page_reads_the_kinds_of_job_once(session: Session, manager: FlaskClient) -> None:
    """For the filter in force, its name and the list to choose from alike; a kind is one however it is written."""
    for kind in ("Repair", "REPAIR", "Repair", "Advice"):
        answered(session, csat=4, kind=kind)
    session.commit()
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))

    page = manager.get("/desk/results?kind=rEPAIR").get_data(as_text=True)

    assert "3 surveys answered" in page
    assert re.search(r"<option value=\"Repair\"[^>]* selected", page)
    assert 'value="REPAIR"' not in page
    assert len([one for one in statements if "RECURSIVE" in one and "jobs.kind" in one]) == 1


def test_confidential_answers_are_shown_in_groups_of_five(session: Session, manager: FlaskClient) -> None:
    """Quarters under five answers are put together; the running one, and a rest under five, are not shown; no filter
    and no period changes what is shown."""
    made = questionnaire(
        session,
        "After a job",
        asks("fair", "agreement", confidentiality="confidential"),
        asks("told", "long_text", confidentiality="confidential"),
    )
    version = published(session, made)
    confide(session, version, "2025-02", "fair", 7, 7)
    confide(session, version, "2025-05", "fair", 6, 6, 6)
    confide(session, version, "2025-08", "fair", 1, 2, 1, 1)
    confide(session, version, "2026-02", "fair", 3, 3, 3, 3, 3, 3)
    confide(session, version, "2025-02", "told", "Zoe is kind", "About Ben", "Mind the door", "Nothing")
    [fair, told] = load_results(session, ask(session, Choice(), NOW, managers=True), NOW).kept
    assert [(group.label, group.n) for group in fair.groups] == [("Q1 2025 to Q2 2025", 5)]
    assert told.groups == ()
    confide(session, version, "2025-06", "told", "Quick")
    shown = manager.get("/desk/results").get_data(as_text=True)
    assert shown.index("About Ben") < shown.index("Mind the door") < shown.index("Zoe is kind")
    blocks = {
        manager.get(f"/desk/results{query}")
        .get_data(as_text=True)
        .partition("<h2>Confidential</h2>")[2]
        .split("CSV")[0]
        for query in ("", "?span=1", "?since=2025-02-01&until=2025-03-01&span=own", "?kind=Repair", "?client=Zoe")
    }
    assert len({re.sub(r'href="[^"]*"', "", block) for block in blocks}) == 1
    download = manager.get("/desk/results/confidential.csv").get_data(as_text=True)
    assert "Q1 2025 to Q2 2025" in download
    assert "2026" not in download


def test_comments_stand_beside_with_a_link_to_the_client(session: Session, viewer: FlaskClient) -> None:
    """The latest words stand beside the figures; a question's page shows those of who gave one answer."""
    for number in range(6):
        answered(session, csat=5, comment=f"Fine {number}", at=NOW - timedelta(days=number + 1))
    unhappy = answered(session, csat=1, comment="<b>Never again</b>")
    page = viewer.get("/desk/results").get_data(as_text=True)
    assert "&lt;b&gt;Never again" in page
    assert f"/desk/clients/{unhappy.client_id}" in page
    low = viewer.get("/desk/results/questions/csat?answer=csat:1:1").get_data(as_text=True)
    assert "Never again" in low
    assert "Fine" not in low
    assert "Who answered “Very bad” wrote" in low
    for nonsense in ("nps:9:10", "csat:x:1", "csat", "csat:1:99999999999999999999"):
        assert viewer.get(f"/desk/results/questions/csat?answer={nonsense}").status_code == 200
    assert viewer.get("/desk/results/questions/unheard").status_code == 404


def test_a_questions_page_fits_its_type(session: Session, viewer: FlaskClient) -> None:
    """Figures stand with the comments beside and every number below; texts have the page to themselves and say when
    there are more of them; the firm's name is in the question that names it."""
    asked = {"key": "ces", "type": "ces", "text": {"en": "{firm} made it easy."}}
    made = questionnaire(session, "After a job", asked, asks("comment", "long_text"))
    version = published(session, made)
    for number in range(ON_A_PAGE + 1):
        answered(session, version, csat=5, ces=6, comment=f"Fine {number}.", at=NOW - timedelta(days=number + 1))
    firm = session.get_one(Firm, 1).name
    effort = viewer.get("/desk/results/questions/ces").get_data(as_text=True)
    assert f"<h1>{firm} made it easy.</h1>" in re.sub(r"<h1[^>]*>", "<h1>", effort)
    for there in (
        "What they answered",
        'id="figures">All figures',
        "What they wrote",
        "Fine 5.",
        "results.csv?key=ces",
    ):
        assert there in effort
    words = viewer.get("/desk/results/questions/comment").get_data(as_text=True)
    assert f"The latest {ON_A_PAGE} stand here." in words
    assert "Fine 49." in words
    for absent in ("What they answered", "All figures", "Fine 50.", "Download CSV"):
        assert absent not in words


def test_beside_a_question_stand_the_words_of_those_who_answered_it(session: Session, viewer: FlaskClient) -> None:
    """Of a promise and of a question with several answers too: everybody's words would be taken for theirs."""
    ticked = asks(
        "heard", "choices", options=[{"value": 1, "text": {"en": "Ad"}}, {"value": 2, "text": {"en": "Talk"}}]
    )
    made = questionnaire(session, "After a job", asks("promise", "promise"), ticked, asks("comment", "long_text"))
    version = published(session, made)
    kept = answered(session, version, csat=5, comment="They greeted us.")
    kept.touchpoints.append(Touchpoint(resolution_id=kept.resolution_id, step="greeted", value=1))
    answered(session, version, csat=5, comment="A friend told us.", **{"heard.2": 1})
    answered(session, version, csat=5, comment="Only words.")
    session.flush()

    def said(key: str) -> set[str]:
        page = viewer.get(f"/desk/results/questions/{key}").get_data(as_text=True)
        return {text for text in ("They greeted us.", "A friend told us.", "Only words.") if text in page}

    assert said("promise") == {"They greeted us."}
    assert said("heard") == {"A friend told us."}
    assert len(said("csat")) == 3


def test_downloads_carry_the_figures_and_no_formula(session: Session, viewer: FlaskClient) -> None:
    """The CSV has the figures of the page as numbers; a question that begins like a formula is text."""
    made = questionnaire(session, "After a job", {"key": "odd", "type": "yes_no", "text": {"en": "=1+1"}})
    version = published(session, made)
    for _ in range(8):
        answered(session, version, csat=5, odd=1, nps=2)
    text = viewer.get("/desk/results/results.csv").get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    whole = {row["question"]: row for row in rows if row["what"] == "all" and not row["of"]}
    assert (whole["csat"]["figure"], whole["csat"]["answers"]) == ("5", "8")
    assert whole["nps"]["figure"] == "-100"
    assert whole["odd"]["text"] == "'=1+1"
    only = viewer.get("/desk/results/results.csv?key=nps").get_data().decode("utf-8-sig")
    assert {row["question"] for row in csv.DictReader(StringIO(only))} == {"nps"}
    names = viewer.get("/desk/results/funnel.csv").get_data().decode("utf-8-sig").splitlines()[0].split(",")
    assert len(names) == len(set(names))
    for path in ("funnel.csv", "questions.csv", "confidential.csv"):
        response = viewer.get(f"/desk/results/{path}")
        assert response.status_code == 200
        assert response.mimetype == "text/csv"


def test_the_way_from_a_job_to_an_answer(session: Session, viewer: FlaskClient) -> None:
    """Each step counts those of the step before it; machines open nothing; what stopped the others is told."""
    state = InvitationState

    def made(**values: Any) -> Any:
        return make_invitation(session, make_resolution(session), **values)

    for _ in range(2):
        made(state=state.SKIPPED, sent_at=None)
    made(state=state.HELD, sent_at=None)
    made(state=state.CANCELLED, sent_at=None)
    made(state=state.SCHEDULED, sent_at=None)
    silent, machine = made(state=state.EXPIRED), made(delivered_at=NOW)
    opened, unannounced = made(delivered_at=NOW), made()
    visited(session, machine, SCANNER)
    for invitation in (opened, unannounced):
        visited(session, invitation, SCANNER)
        visited(session, invitation, PERSON)
    made(state=state.ANSWERED, answered_at=NOW)
    session.flush()
    assert silent.delivered_at is None
    asking = ask(session, Choice(span="3"), NOW, managers=True)
    found = load_funnel(session, asking)
    assert [step.count for step in found.steps] == [10, 8, 6, 5, 4, 3, 1]
    assert found.machines_only == 1
    lost = {step.label: dict(step.lost) for step in found.steps}
    assert lost["To be asked about"] == {"a rule said no": 2}
    assert lost["Scheduled"] == {"on hold": 1, "cancelled by hand": 1}
    assert lost["Sent"] == {"waiting for their time": 1}
    assert lost["Arrived"] == {"no word of delivery yet": 1}
    assert lost["Opened by a person"] == {"not opened": 1}
    assert lost["Confirmed an answer"] == {"opened, not confirmed": 2}
    for former, later in zip(found.steps, found.steps[1:], strict=False):
        assert later.count <= former.count
        if later.of_previous:
            assert later.of_previous.value == pytest.approx(later.count / former.count)
    page = viewer.get("/desk/results/funnel").get_data(as_text=True)
    assert "opened by machines alone" in page
    assert "10 jobs closed" in page


def test_of_one_version_the_way_begins_at_the_sending(session: Session, viewer: FlaskClient) -> None:
    """What a job is asked is decided when the survey is sent, so nothing before it can be said of one version."""
    made = questionnaire(session, "After a job")
    first, second = published(session, made), published(session, made)
    answered(session, first, csat=5)
    answered(session, second, csat=5)
    make_invitation(session, state=InvitationState.SKIPPED, sent_at=None)
    found = load_funnel(session, ask(session, Choice(version="1"), NOW, managers=True))
    assert (found.steps[0].label, found.jobs) == ("Sent", 1)
    asking = ask(session, Choice(version="2"), NOW, managers=True)
    assert load_way(session, asking) == (load_funnel(session, asking), drop_off(session, asking))
    assert "1 survey sent" in viewer.get("/desk/results/funnel?version=1").get_data(as_text=True)


def test_a_language_can_be_chosen_as_soon_as_somebody_answered_in_it(session: Session) -> None:
    """What was seen before is remembered; what came since is read."""
    answered(session, csat=5, language="de")
    assert "de" in languages(session)
    answered(session, csat=5, language="nl")
    assert {"de", "nl"} <= set(languages(session))


def test_where_people_stop_answering(session: Session) -> None:
    """Of those who confirmed, a question counts who was shown its page and who answered it; what cannot be known of a
    confidential or conditional one is not made up."""
    made = questionnaire(
        session,
        "After a job",
        asks("comment", "long_text", with_previous=True),
        asks("why", "short_text", with_previous=True, show_if=[{"question": "rating", "at_most": 2}]),
        asks("nps", "nps"),
        asks("promise", "promise"),
        asks("fair", "agreement", confidentiality="confidential"),
    )
    version = published(session, made)
    for number in range(10):
        response = answered(session, version, csat=4, **({"nps": 9} if number < 6 else {}))
        invitation = response.resolution.invitation
        assert invitation is not None
        for page in ("rating", "nps", *(["promise"] if number < 5 else [])):
            for _ in range(2):
                record_visit(session, invitation, SurveyEventKind.SHOWN, NOW, PERSON, page=page)
        if number < 3:
            response.touchpoints.append(Touchpoint(resolution_id=response.resolution_id, step="greeted", value=1))
    session.flush()
    stops = drop_off(session, ask(session, Choice(), NOW, managers=True))
    assert [(stop.text, stop.shown, stop.answered) for stop in stops] == [
        ("csat?", 10, 10),
        ("comment?", 10, 0),
        ("why?", 10, 0),
        ("nps?", 10, 6),
        ("promise?", 5, 3),
        ("fair?", 0, 0),
    ]
    shares = {stop.text: stop.share.value if stop.share else None for stop in stops}
    assert shares == {"csat?": 1, "comment?": 0, "why?": None, "nps?": 0.6, "promise?": 0.6, "fair?": None}


def test_clicks_never_confirmed_count_only_where_the_firm_says_so(session: Session, viewer: FlaskClient) -> None:
    """A lone person’s click changes no figure; switched on, it is counted and marked."""
    for _ in range(5):
        answered(session, csat=4)
    invitation = make_invitation(session, state=InvitationState.EXPIRED)
    visited(session, invitation, PERSON)
    session.flush()
    assert cards_of(session)["csat"].n == 5
    session.get_one(Firm, 1).count_unconfirmed = True
    session.flush()
    card = cards_of(session)["csat"]
    assert (card.n, card.unconfirmed) == (6, 1)
    assert cards_of(session, Choice(wanted=Wanted(kind="Unheard of")))["csat"].n == 0
    page = viewer.get("/desk/results").get_data(as_text=True)
    assert "with 1 unconfirmed" in page
    assert "Unconfirmed clicks are counted" in page


@pytest.mark.parametrize(
    "query",
    [
        "?span=own&since=0001-01-01&until=9999-12-31",
        "?span=all&version=early&origin=nonsense",
        "?questionnaire=999&version=x&span=hundred",
        "?client=%25&kind='%22&language=%00",
        "?since=2026-02-31",
    ],
)
def test_an_address_that_means_nothing_shows_a_page(session: Session, viewer: FlaskClient, query: str) -> None:
    """What a query string says and nobody offers is as if it were left out."""
    answered(session, csat=5)
    for path in ("", "/funnel", "/questions/csat", "/results.csv"):
        assert viewer.get(f"/desk/results{path}{query}").status_code == 200
