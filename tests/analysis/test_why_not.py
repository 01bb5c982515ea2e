"""Why a client who looks bad is not flagged: on their page, in the list, and by the command."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from analysis.desk.why_not import why_not
from analysis.flags import followups
from analysis.models import FlagStatus, OutcomeResult, Rung
from analysis.relationships.assessment import assess
from analysis.relationships.evidence import Evidence
from analysis.relationships.ladder import Before
from analysis.relationships.unflagged import gap, looks_bad
from analysis.relationships.usual import FirmUsual
from survey import clock
from survey.people import create_person
from survey.users import User
from tests.analysis.desk_rows import make_flag, make_state
from tests.analysis.stories import ago, client, loyal, rated, read
from tests.conftest import NOW
from tests.factories import make_client


@pytest.fixture
def ana(session: Session) -> User:
    """A manager."""
    return create_person(session, "ana@brightside.example", "manager", NOW)


CALM = [{"signal": "late_jobs", "points": 0.4, "strength": 0.8, "text": "The last job was late.", "evidence": []}]


def seen(evidence: Evidence, *, lapsed: bool = False) -> str:
    found = assess(evidence, FirmUsual(), NOW, Before())
    return looks_bad(evidence, found.record.found, NOW, lapsed=lapsed).text


def test_what_looks_bad() -> None:
    """A bad last rating, an unhappy last comment, an overdue job; not what a good answer followed, nor what is old."""
    assert seen(loyal(rated(2, 2))).startswith("Last answer 2 of 5, on ")
    assert "recommends 4 of 10" in seen(loyal(rated(2, 5, nps=4)))
    assert seen(loyal(rated(30, 1), rated(2, 5))) == ""
    assert seen(loyal(rated(400, 1))) == ""
    sour = rated(2, 4, read("Nobody told us anything.", score=-0.6, aspect="communication"))
    assert seen(loyal(sour)).startswith("Unhappy comment on ")
    quiet = client(job_days=tuple(60 + 10 * n for n in range(12)), responses=(rated(80, 5),))
    assert "No job for 60 days" in seen(quiet)
    assert seen(quiet, lapsed=True) == ""


def test_the_distance_to_a_flag_and_what_would_raise_one() -> None:
    """Points that are missing, and the mildest news that would be enough."""
    near, far = gap(2.5, 0.0, 0.08, ""), gap(0.2, 0.0, 0.08, "")
    assert (near.needed, round(near.missing, 2)) == (3.0, 0.5)
    assert near.would_raise == "A complaint in words would raise one."
    assert far.would_raise == "A rating of 2 of 5 would raise one."
    assert gap(-9, 0.0, 0.0, "").would_raise == "Only several new signs together would raise one."
    assert gap(1.0, 0.0, 0.9, "No job finished yet.").loss is None


def test_the_client_page_says_why_there_is_no_flag(manager: FlaskClient, session: Session) -> None:
    """What looks bad, how far it is, and what would raise a flag."""
    one = make_client(session, name="Elm")
    make_state(session, one, risk=0.08, signals=CALM, looks_bad="Last answer 2 of 5, on 3 Mar 2026.")
    page = " ".join(manager.get(f"/desk/clients/{one.id}").get_data(as_text=True).split())
    assert "Why there is no flag" in page
    assert "Last answer 2 of 5, on 3 Mar 2026." in page
    assert "comes to 0.8 of the 3.0 points that raise a flag. The chance of losing them is 8%" in page
    make_flag(session, one)
    assert "Why there is no flag" not in manager.get(f"/desk/clients/{one.id}").get_data(as_text=True)


def test_what_people_did_is_named(session: Session, ana: User) -> None:
    """Resolved by whom and with what outcome, spoken to, resting; or cleared, with the reason of that day."""
    now = clock.now()
    flag = make_flag(session, make_client(session, name="Elm"))
    followups.log_contact(session, flag, ana.id, "Spoke.", now - timedelta(days=3))
    followups.resolve(session, flag, ana.id, OutcomeResult.KEPT, "All well.", now - timedelta(days=2))
    state = make_state(session, make_client(session), looks_bad="")
    said = why_not(session, flag.client, state, now).why
    assert said[0].startswith("Resolved on ")
    assert "by ana (kept)" in said[0]
    assert said[1].startswith("Silence and overdue jobs rest until ")
    assert said[2].startswith("ana spoke with them on ")
    cleared = make_flag(
        session, make_client(session, name="Oak"), clears_if="Cleared on 1 Mar 2026: the risk has fallen."
    )
    cleared.status, cleared.closed_at = FlagStatus.CLEARED, now - timedelta(days=2)
    session.flush()
    assert why_not(session, cleared.client, state, now).why == ["Cleared on 1 Mar 2026: the risk has fallen."]
    state.looks_bad_at = now - timedelta(days=1)
    assert why_not(session, cleared.client, state, now).why == []
    assert why_not(session, flag.client, state, now).why == []


def test_lapsed_too_little_known_and_old_words_are_named(session: Session) -> None:
    """What the state says for itself."""
    one, now = make_client(session), clock.now()
    state = make_state(
        session,
        one,
        rung=Rung.LAPSED,
        rung_reason="No job for 400 days.",
        too_little="No job finished yet.",
        looks_bad="Last answer 2 of 5, on 3 Mar 2026.",
        last_answer_at=now - timedelta(days=100),
    )
    said = " ".join(why_not(session, one, state, now).why)
    assert "They have lapsed. No job for 400 days. A flag would come too late." in said
    assert "No job finished yet. The chance of losing them is not judged yet." in said
    assert "100 days old and weighs 40% of a fresh one." in said


def test_the_list_of_who_looks_bad_and_is_not_flagged(manager: FlaskClient, session: Session) -> None:
    """With the reason beside each; flagged, content and internal clients are not in it."""
    for name, values in (("Elm", {"looks_bad": "Unhappy comment on 3 Mar 2026."}), ("Oak", {}), ("Ours", {})):
        made = make_client(session, name=name, internal=name == "Ours")
        own = {"looks_bad": "Looks bad."} if name == "Ours" else values
        make_state(session, made, signals=CALM, last_answer_at=clock.now(), **own)
    make_flag(session, make_client(session, name="Ash"))
    page = " ".join(manager.get("/desk/clients?flagged=overlooked").get_data(as_text=True).split())
    rows = page.split("<tbody>")[1]
    assert ">Elm</a>" in rows
    assert "Signs 0.8 of 3.0 points, chance of loss 82% of 20%." in rows
    assert not any(f">{name}</a>" in rows for name in ("Oak", "Ash", "Ours"))


def test_nobody_overlooked_is_said(manager: FlaskClient, session: Session) -> None:
    """An empty list is good news, and says what it would hold."""
    make_state(session, make_client(session))
    assert "Nobody is overlooked" in manager.get("/desk/clients?flagged=overlooked").get_data(as_text=True)


def test_the_command_explains_both_ways(app: Flask, session: Session) -> None:
    """By reference or name; a flagged client's severity is explained, another's distance."""
    flagged = make_flag(
        session, make_client(session, name="Ash", ref="C-1"), severity_why="High: the signs are strong."
    )
    plain = make_client(session, name="Elm", ref="C-2")
    make_state(session, plain, risk=0.08, signals=CALM, looks_bad="Unhappy comment on 3 Mar 2026.")
    session.commit()

    def explain(ref: str) -> dict[str, object]:
        with app.app_context():
            result = app.test_cli_runner().invoke(args=["flags", "explain", ref, "--json"])
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))

    assert explain("C-1")["why_so_severe"] == flagged.severity_why
    assert explain("elm")["looks_bad"] == "Unhappy comment on 3 Mar 2026."
    assert explain("C-2")["points_needed"] == 3.0
    with app.app_context():
        missing = app.test_cli_runner().invoke(args=["flags", "explain", "nobody"])
    assert missing.exit_code == 1
    assert "There is no client nobody." in missing.output


def test_a_settled_answer_still_looks_bad() -> None:
    """Closing a flag takes the sign away, not what a person sees on the page: there the closing is the answer."""
    from_before = loyal(rated(20, 1))
    settled = replace(from_before, contacted=(ago(10),))
    assert seen(settled) == seen(from_before) != ""
