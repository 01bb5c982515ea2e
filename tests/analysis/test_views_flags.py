"""The flagged list and a flag's page, over HTTP."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags import followups
from analysis.models import Flag, FlagStatus, FollowUp, FollowUpKind, Outcome, OutcomeResult, Severity
from survey import clock
from survey.people import create_person, find_person
from tests.analysis.desk_rows import make_flag, make_hurt_client, make_outcome, make_state
from tests.conftest import NOW
from tests.factories import make_client


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def _flag(session: Session, flag_id: int) -> Flag:
    session.expire_all()
    return session.get_one(Flag, flag_id)


def test_the_list_says_who_needs_a_call_and_why(manager: FlaskClient, session: Session) -> None:
    """Each row names the client, the strongest reason and the client's own words; the header counts."""
    make_hurt_client(session, severity=Severity.SEVERE)
    page = _text(manager.get("/desk/"))
    assert "1 needs a call" in page
    assert "1 severe" in page
    assert '1<span class="visually-hidden"> need attention</span>' in page
    assert "Harbour Dental" in page
    assert '>Their words say they may leave.</span><q class="why clamp-2">we are looking for another firm</q>' in page
    assert "€12,400" in page


def test_the_most_severe_and_most_valuable_come_first(manager: FlaskClient, session: Session) -> None:
    """Severity first, then risk times value."""
    for name, severity, value in (
        ("Small severe", Severity.SEVERE, 100),
        ("Large moderate", Severity.MODERATE, 90_000),
        ("Large severe", Severity.SEVERE, 50_000),
        ("High", Severity.HIGH, 10),
    ):
        client = make_client(session, name=name)
        make_state(session, client, value_year=value)
        make_flag(session, client, severity=severity)
    page = _text(manager.get("/desk/"))
    places = [page.index(f">{name}</a>") for name in ("Large severe", "Small severe", "High", "Large moderate")]
    assert places == sorted(places)


def test_the_list_is_filtered_by_owner_severity_status_and_name(manager: FlaskClient, session: Session) -> None:
    """Mine, nobody's, one severity, closed ones, and a part of the name."""
    me = find_person(session, "manager@brightside.example")
    assert me
    make_flag(session, make_client(session, name="Mine Ltd"), owner_id=me.id)
    make_flag(session, make_client(session, name="Nobodys Ltd"), severity=Severity.MODERATE)
    closed = make_flag(session, make_client(session, name="Closed Ltd"))
    make_outcome(session, closed, OutcomeResult.KEPT)

    def names(query: str) -> set[str]:
        page = _text(manager.get(f"/desk/?{query}"))
        return {name for name in ("Mine Ltd", "Nobodys Ltd", "Closed Ltd") if f">{name}</a>" in page}

    assert names("") == {"Mine Ltd", "Nobodys Ltd"}
    assert names("owner=mine") == {"Mine Ltd"}
    assert names("owner=unassigned") == {"Nobodys Ltd"}
    assert names("severity=moderate") == {"Nobodys Ltd"}
    assert names("status=resolved") == {"Closed Ltd"}
    assert names("q=nobod") == {"Nobodys Ltd"}
    assert names("q=%25") == set()
    assert names("owner=x&severity=x&status=x&page=x") == {"Mine Ltd", "Nobodys Ltd"}


def test_all_clear_says_what_was_checked(manager: FlaskClient, session: Session) -> None:
    """An empty list says how many relationships were checked, and when."""
    make_state(session, make_client(session), scored_at=clock.now() - timedelta(minutes=5))
    page = _text(manager.get("/desk/"))
    assert "All clear" in page
    assert "1 relationships were checked, the last 5 minutes ago." in page


def test_a_flags_page_shows_reasons_words_contacts_and_history(manager: FlaskClient, session: Session) -> None:
    """Reasons with their points, the whole comment with marks, whom to call, and what happened."""
    flag = make_hurt_client(session)
    page = _text(manager.get(f"/desk/flags/{flag.id}"))
    assert "82%" in page
    assert "about 8 in 10" in page
    assert "+3.6 points" in page
    assert page.index("Their words say they may leave.") < page.index("The last job was late.")
    assert '<mark class="mark-negative mark-strong has-why" tabindex="0" aria-describedby="why-' in page
    assert '">we are looking for another firm<span class="why-tip" role="tooltip"' in page
    assert "Speaks somewhat for you (weight 0.4 of 1). Attitude of staff: positive." in page
    assert "Call first" in page
    assert "Clears if they say that they stay." in page
    assert "Repair completed, later than promised" in page
    assert "Mona Costa answered" in page


def test_a_comment_cannot_bring_markup_into_the_page(manager: FlaskClient, session: Session) -> None:
    """What a client writes is text, inside marks too."""
    flag = make_hurt_client(session)
    flag.reasons = [{**reason, "text": "<script>alert(1)</script>"} for reason in flag.reasons]
    page = _text(manager.get(f"/desk/flags/{flag.id}"))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_acknowledging_takes_the_flag_and_can_be_undone(manager: FlaskClient, session: Session) -> None:
    """The flag is mine at once; the message that says so takes it back."""
    flag_id = make_hurt_client(session).id
    response = manager.post(f"/desk/flags/{flag_id}/acknowledge", data={"next": "/desk/?owner=all"})
    assert (response.status_code, response.location) == (303, "/desk/?owner=all")
    flag = _flag(session, flag_id)
    assert flag.status is FlagStatus.ACKNOWLEDGED
    assert flag.owner
    assert flag.owner.email == "manager@brightside.example"
    done = session.scalars(select(FollowUp)).one()
    assert f'action="/desk/follow-ups/{done.id}/undo"' in _text(manager.get("/desk/"))
    assert manager.post(f"/desk/follow-ups/{done.id}/undo").status_code == 303
    flag = _flag(session, flag_id)
    assert (flag.status, flag.owner_id) == (FlagStatus.OPEN, None)


def test_going_back_never_leaves_the_desk(manager: FlaskClient, session: Session) -> None:
    """A forged `next` is not followed."""
    flag_id = make_hurt_client(session).id
    response = manager.post(f"/desk/flags/{flag_id}/acknowledge", data={"next": "//evil.example/desk/"})
    assert response.location == f"/desk/flags/{flag_id}"


def test_a_second_acknowledgement_is_told_kindly(manager: FlaskClient, session: Session) -> None:
    """Somebody was faster: back to the page as it is now, with a sentence, not an error page."""
    flag_id = make_hurt_client(session, status=FlagStatus.ACKNOWLEDGED).id
    response = manager.post(f"/desk/flags/{flag_id}/acknowledge", follow_redirects=True)
    assert response.status_code == 200
    assert "This flag has been acknowledged already." in _text(response)


def test_a_promised_call_shows_until_a_contact_is_logged(manager: FlaskClient, session: Session) -> None:
    """A promise stands on the list; logging the contact keeps it."""
    flag_id = make_hurt_client(session).id
    by = (clock.now() + timedelta(days=2)).date()
    data = {"by": by.isoformat(), "note": "About the server"}
    assert manager.post(f"/desk/flags/{flag_id}/promise", data=data).status_code == 303
    assert "Call promised by" in _text(manager.get("/desk/"))
    assert manager.post(f"/desk/flags/{flag_id}/contact", data={"note": "We spoke."}).status_code == 303
    assert "Call promised by" not in _text(manager.get("/desk/"))
    promise = session.scalars(select(FollowUp).where(FollowUp.kind == FollowUpKind.PROMISED_CALL)).one()
    assert promise.done_at is not None


def test_an_overdue_promise_is_counted_at_the_top(manager: FlaskClient, session: Session) -> None:
    """A call that was promised and not made is said in the header and on the row."""
    flag = make_hurt_client(session)
    followups.promise_call(session, flag, None, NOW + timedelta(days=1), "", NOW)
    page = _text(manager.get("/desk/"))
    assert "1 promised call overdue" in page
    assert "Call overdue since 11 Mar 2026" in page


def test_a_day_that_has_passed_cannot_be_promised(manager: FlaskClient, session: Session) -> None:
    """The form comes back with the sentence beside the field and what was written kept."""
    flag_id = make_hurt_client(session).id
    data = {"by": "2020-01-01", "note": "As soon as I can"}
    response = manager.post(f"/desk/flags/{flag_id}/promise", data=data)
    assert response.status_code == 422
    page = _text(response)
    assert "This day has passed." in page
    assert "As soon as I can" in page


def test_a_flag_is_resolved_with_an_outcome_and_a_note(manager: FlaskClient, session: Session) -> None:
    """The outcome is kept, the flag leaves the list, and its page says how it ended."""
    flag_id = make_hurt_client(session).id
    data = {"result": "kept", "note": "They stay, with a new contact."}
    assert manager.post(f"/desk/flags/{flag_id}/resolve", data=data).status_code == 303
    assert _flag(session, flag_id).status is FlagStatus.RESOLVED
    assert session.scalars(select(Outcome)).one().result is OutcomeResult.KEPT
    page = _text(manager.get(f"/desk/flags/{flag_id}"))
    assert "They stay, with a new contact." in page
    assert 'id="resolve"' not in page


def test_resolving_needs_an_outcome_and_a_note(manager: FlaskClient, session: Session) -> None:
    """Without them the form comes back, the errors tied to their fields; the flag stays open."""
    flag_id = make_hurt_client(session).id
    response = manager.post(f"/desk/flags/{flag_id}/resolve", data={"note": "  "})
    assert response.status_code == 422
    page = _text(response)
    assert "Please choose what came of it." in page
    assert "Please write what happened" in page
    assert 'id="resolve-note-error"' in page
    assert _flag(session, flag_id).status is FlagStatus.OPEN


def test_resolving_can_be_undone_from_the_timeline(manager: FlaskClient, session: Session) -> None:
    """The last action of one's own carries an undo button; afterwards the flag is open again, without an outcome."""
    flag_id = make_hurt_client(session).id
    manager.post(f"/desk/flags/{flag_id}/resolve", data={"result": "false_alarm", "note": "A mistake"})
    done = session.scalars(select(FollowUp)).one()
    manager.get("/desk/")  # the message with its button has been shown
    assert f'action="/desk/follow-ups/{done.id}/undo"' in _text(manager.get(f"/desk/flags/{flag_id}"))
    manager.post(f"/desk/follow-ups/{done.id}/undo")
    assert _flag(session, flag_id).status is FlagStatus.OPEN
    assert session.scalars(select(Outcome)).first() is None


def test_a_flag_is_given_to_a_colleague(manager: FlaskClient, session: Session) -> None:
    """Any active manager can own it, and it can be given back to nobody; viewers are not offered."""
    ana = create_person(session, "ana@brightside.example", "manager", NOW, name="Ana Xu")
    create_person(session, "vi@brightside.example", "viewer", NOW, name="Vi Only")
    flag_id = make_hurt_client(session).id
    page = _text(manager.get(f"/desk/flags/{flag_id}"))
    assert "Ana Xu" in page
    assert "Vi Only" not in page
    manager.post(f"/desk/flags/{flag_id}/owner", data={"owner": str(ana.id)})
    assert _flag(session, flag_id).owner_id == ana.id
    manager.post(f"/desk/flags/{flag_id}/owner", data={"owner": "nobody"})
    assert _flag(session, flag_id).owner_id is None
    assert manager.post(f"/desk/flags/{flag_id}/owner", data={"owner": "999"}).status_code == 422


def test_a_note_is_kept_on_the_flag(manager: FlaskClient, session: Session) -> None:
    """Notes appear in the timeline, and an empty one is refused."""
    flag_id = make_hurt_client(session).id
    assert manager.post(f"/desk/flags/{flag_id}/note", data={"note": "Prefers mornings"}).status_code == 303
    assert "Prefers mornings" in _text(manager.get(f"/desk/flags/{flag_id}"))
    assert manager.post(f"/desk/flags/{flag_id}/note", data={"note": ""}).status_code == 422


def test_viewers_read_everything_and_change_nothing(viewer: FlaskClient, session: Session) -> None:
    """No button is shown to them, and a request that would change something is refused."""
    flag_id = make_hurt_client(session).id
    for path in ("/desk/", f"/desk/flags/{flag_id}"):
        page = _text(viewer.get(path))
        assert "Harbour Dental" in page
        assert "/acknowledge" not in page
        assert "/resolve" not in page
    for action in ("acknowledge", "resolve", "note", "contact", "promise", "owner"):
        assert viewer.post(f"/desk/flags/{flag_id}/{action}").status_code == 403
    assert _flag(session, flag_id).status is FlagStatus.OPEN


def test_an_unknown_flag_is_not_found(manager: FlaskClient) -> None:
    """A kind page, for reading and for acting."""
    assert manager.get("/desk/flags/999").status_code == 404
    assert manager.post("/desk/flags/999/acknowledge").status_code == 404
    assert manager.post("/desk/follow-ups/999/undo").status_code == 404


def test_the_desk_asks_for_sign_in(client: FlaskClient) -> None:
    """Nobody reads flags without an account."""
    assert client.get("/desk/").status_code == 303
