"""The survey rules: checked, compared, previewed, saved, undone, restored."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from survey import clock, invitations
from survey.asking.closed_days import ClosedDays
from survey.asking.deciding import rules_of
from survey.asking.reweighing import Effect
from survey.asking.rule_history import preview_rules, rule_history, save_rules, undo_rules
from survey.asking.rules import SurveyRules, check_rules, rule_changes
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.forms.survey_rules import RulesForm
from survey.models import Invitation, InvitationState, SurveyRuleSet
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_contact, make_job, make_resolution

URL = "/desk/settings/surveys"
CLOSED = NOW - timedelta(hours=20)
TODAY = date(2026, 3, 10)


def waiting(session: Session, kind: str = "Repair", **values: Any) -> Invitation:
    """A survey that the scheduler has put into the queue."""
    contact = make_contact(session, **values)
    resolution = make_resolution(session, make_job(session, contact, kind=kind), completed_at=CLOSED)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    assert resolution.invitation is not None
    return resolution.invitation


def changed(session: Session, **values: Any) -> SurveyRules:
    """The rules in force with some of them other."""
    return SurveyRules.of({**rules_of(get_firm(session)).columns(), **values})


def sent(rules: SurveyRules, do: str) -> dict[str, Any]:
    """What the browser sends for these rules."""
    found: dict[str, Any] = {"do": do}
    for name, value in RulesForm.as_sent(rules, ["Repair", "Audit"]):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"send_weekdays": ()}, "send_weekdays", "Tick at least one day"),
        ({"send_until": time(9)}, "send_until", "leaves no time to send"),
        ({"country": "ZZ"}, "country", "no such country"),
        ({"reminder_after_days": 7}, "reminder_after_days", "closed by then"),
        ({"reminder_count": 3}, "reminder_every_days", "closed by then"),
        ({"closed_days": (ClosedDays(TODAY, TODAY + timedelta(days=200)),)}, "closed_days", "More than 120"),
    ],
)
def test_rules_under_which_nothing_could_go_out_are_refused(values: dict[str, Any], field: str, message: str) -> None:
    """The message says what to do, and the field is named."""
    with pytest.raises(InvalidInputError, match=message) as refused:
        check_rules(SurveyRules(**values), TODAY)
    assert refused.value.field == field


def test_rules_are_kept_as_json_and_read_back() -> None:
    """Times, days and stretches survive; what an older version did not know is as delivered."""
    rules = SurveyRules(
        send_from=time(8, 30),
        send_weekdays=(1, 3),
        kind_delays={"audit": 72},
        closed_days=(ClosedDays(TODAY, TODAY, "Move"),),
        excluded_kinds=("quote",),
        reminder_after_days=None,
    )
    assert SurveyRules.of(rules.as_dict()) == rules
    assert SurveyRules.of({"delay_hours": 48, "gone_since": 1}) == SurveyRules(delay_hours=48)


def test_a_difference_is_said_in_words() -> None:
    """Days by name, countries by name, kinds with their hours."""
    told = rule_changes(
        SurveyRules(), SurveyRules(send_weekdays=(1, 2, 3, 4, 5), country="DE-BY", kind_delays={"audit": 72})
    )
    assert [(change.label, change.before, change.after) for change in told] == [
        ("Kinds with a delay of their own", "none", "audit: 72 hours"),
        ("Sends on", "every day", "Monday to Friday"),
        ("Holidays of", "the country of your time zone", "Germany (BY)"),
    ]


def test_a_preview_is_what_saving_does(session: Session) -> None:
    """One moves, one is skipped by its kind, one asked after all: counted, named, and then done so."""
    usual, quote = waiting(session), waiting(session, "Quote")
    save_rules(session, changed(session, excluded_kinds=("audit",)), None, NOW)
    audit = waiting(session, "Audit")
    assert audit.state is InvitationState.SKIPPED
    rules = changed(session, excluded_kinds=("quote",), delay_hours=48)
    found = preview_rules(session, rules, NOW)
    assert found.counts == {Effect.MOVED: 1, Effect.SKIPPED: 1, Effect.INCLUDED: 1}
    assert {named.invitation.id: named.effect for named in found.named} == {
        usual.id: Effect.MOVED,
        quote.id: Effect.SKIPPED,
        audit.id: Effect.INCLUDED,
    }
    assert {(shift.day, shift.before, shift.after) for shift in found.days} == {
        (date(2026, 3, 10), 2, 0),
        (date(2026, 3, 11), 0, 2),
    }
    assert (usual.state, usual.due_at) == (InvitationState.SCHEDULED, CLOSED + timedelta(hours=24))
    _row, count = save_rules(session, rules, None, NOW)
    assert count == 3
    assert [row.state.value for row in (usual, quote, audit)] == ["scheduled", "skipped", "scheduled"]
    assert usual.due_at == audit.due_at == CLOSED + timedelta(hours=48)
    assert quote.reason == "Jobs of the kind “Quote” are not surveyed."


def test_a_kind_waits_its_own_time(session: Session) -> None:
    """Three days for an audit, however it is written, and a day for everything else."""
    save_rules(session, changed(session, kind_delays={"audit": 72}), None, NOW)
    assert waiting(session, "AUDIT").due_at == CLOSED + timedelta(hours=72)
    assert waiting(session).due_at == CLOSED + timedelta(hours=24)


def test_holidays_of_the_contacts_country(session: Session) -> None:
    """Good Friday is kept in Germany and worked in the United States; a client's country counts before the zone."""
    friday = datetime.fromisoformat("2026-04-02T12:00+00:00")  # closed on Thursday: due on Good Friday
    german, american = make_contact(session), make_contact(session, timezone="America/New_York")
    abroad = make_contact(session)
    abroad.client.country = "US"
    found = [make_resolution(session, make_job(session, c), completed_at=friday) for c in (german, american, abroad)]
    invitations.schedule_batch(session, SECRET_KEY, friday)
    days = [resolution.invitation.due_at.day for resolution in found if resolution.invitation]
    assert days == [4, 3, 3]


def test_closed_days_put_off_what_would_become_too_late(session: Session) -> None:
    """Closed for two weeks: asked on the first day after, not dropped as too old."""
    closed = ClosedDays(TODAY, TODAY + timedelta(days=14), "Holidays")
    save_rules(session, changed(session, closed_days=(closed.as_dict(),)), None, NOW)
    invitation = waiting(session)
    opens = datetime.fromisoformat("2026-03-25T08:00+00:00")
    assert (invitation.state, invitation.due_at) == (InvitationState.SCHEDULED, opens)
    assert invitations.release(session, invitation, opens) is True


def test_saving_can_be_undone_until_somebody_saves_again(session: Session) -> None:
    """The history keeps every version, the first included, and undoing is a version of its own."""
    first, _ = save_rules(session, changed(session, delay_hours=48), None, NOW, "Slower")
    second = undo_rules(session, first, None, NOW)
    assert get_firm(session).delay_hours == 24
    with pytest.raises(ConflictError, match="Other rules"):
        undo_rules(session, first, None, NOW)
    notes = [edit.row.note for edit in rule_history(session)]
    assert notes == ["Undone", "Slower", "The rules before the first change"]
    assert rule_history(session)[0].row.id == second.id
    with pytest.raises(ConflictError, match="nothing has changed"):
        save_rules(session, changed(session), None, NOW)


def test_many_that_become_due_at_once_go_out_in_a_stream(session: Session) -> None:
    """A shorter delay makes thirty overdue: they get places in line, the first of them now."""
    save_rules(session, changed(session, delay_hours=72), None, NOW)
    rows = [waiting(session) for _ in range(30)]
    save_rules(session, changed(session, delay_hours=1), None, NOW)
    due = sorted(row.due_at for row in rows)
    assert due[0] == NOW
    assert len(set(due)) == 30
    assert due[-1] <= NOW + timedelta(minutes=2)


def test_a_preview_asks_a_handful_of_questions(session: Session) -> None:
    """The number of statements does not grow with the number of surveys that wait."""
    for _ in range(25):
        waiting(session)
    session.commit()
    session.expire_all()
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert preview_rules(session, changed(session, delay_hours=30), NOW).counts == {Effect.MOVED: 25}
    assert len(statements) < 25


def test_the_form_leads_over_the_preview_to_saving(session: Session, admin: FlaskClient) -> None:
    """Nothing is saved before the page that says what changes; its buttons carry everything that was filled in."""
    with clock.fixed_at(NOW):
        invitation = waiting(session, name="Uma Vogel")
        rules = changed(session, delay_hours=48, kind_delays={"audit": 12}, excluded_kinds=("quote",))
        page = admin.post(URL, data=sent(rules, "preview")).get_data(as_text=True)
        assert get_firm(session).delay_hours == 24
        assert "Uma Vogel" in page
        assert "go out at another time" in page
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
        again: dict[str, Any] = {}
        for name, value in hidden:
            again.setdefault(name, []).append(value)
        back = admin.post(URL, data={**again, "do": "edit"}).get_data(as_text=True)
        assert 'value="48"' in back
        assert admin.post(URL, data={**again, "do": "save"}).status_code == 303
    assert rules_of(get_firm(session)) == rules
    assert invitation.due_at == CLOSED + timedelta(hours=48)


def test_no_weekday_is_refused_on_the_page(session: Session, admin: FlaskClient) -> None:
    """The form comes back with the message, and nothing is saved."""
    response = admin.post(URL, data={**sent(changed(session), "save"), "send_weekdays": []})
    assert response.status_code == 422
    assert "Tick at least one day" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("closed_days", "Christmas", "begin with a date"),
        ("kind_delay", "soon", "give hours from 0"),
        ("country", "zz", "no such country"),
    ],
)
def test_what_cannot_be_read_is_refused(
    session: Session, admin: FlaskClient, field: str, value: str, message: str
) -> None:
    """Each field says what it expects."""
    make_job(session, kind="Audit")
    data = {**sent(changed(session), "preview"), "kind_name": ["Audit"], "kind_delay": [""]}
    response = admin.post(URL, data={**data, field: [value]})
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)


def test_an_older_version_is_restored_over_the_same_preview(session: Session, admin: FlaskClient) -> None:
    """Restoring shows what it changes first; saved, it is a new version with a note; undo takes it back."""
    save_rules(session, changed(session, delay_hours=48, send_weekdays=(1, 2)), None, NOW)
    first = session.scalars(select(SurveyRuleSet).order_by(SurveyRuleSet.id)).first()
    assert first is not None
    page = admin.post(f"{URL}/restore/{first.id}").get_data(as_text=True)
    assert "Restored from" in page
    again: dict[str, Any] = {"do": "save"}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page):
        again.setdefault(name, []).append(value)
    saved = admin.post(URL, data=again, follow_redirects=True).get_data(as_text=True)
    assert get_firm(session).delay_hours == 24
    undo = re.search(rf'action="({URL}/undo/\d+)"', saved)
    assert undo is not None
    admin.post(undo[1])
    assert get_firm(session).delay_hours == 48
    assert admin.post(f"{URL}/restore/4711").status_code == 404
    assert admin.get(f"{URL}").get_data(as_text=True).count("Restore…") == 3


def test_saving_what_is_in_force_says_so(session: Session, admin: FlaskClient) -> None:
    """Neither a preview nor a version for nothing."""
    same = sent(changed(session), "preview")
    assert "nothing would change" in admin.post(URL, data=same).get_data(as_text=True)
    said = admin.post(URL, data={**same, "do": "save"}, follow_redirects=True).get_data(as_text=True)
    assert "in force already" in said
