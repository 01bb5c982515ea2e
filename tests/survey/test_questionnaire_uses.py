"""Which kind of job gets which questionnaire, and how many of these jobs are asked about."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from survey import clock, invitations
from survey.asking.deciding import load_house, rules_of
from survey.asking.reweighing import Effect
from survey.asking.rule_history import save_rules
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.kinds import job_kinds
from survey.models import Invitation, InvitationState, Questionnaire, Resolution
from survey.questionnaires import drafts, library, publishing, uses, versions
from survey.questionnaires.uses import Use
from survey.sampling import draw
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_contact, make_invitation, make_job, make_resolution

PAGE = "/desk/questionnaires/uses"


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.fixed_at(NOW):
        yield


def make_questionnaire(session: Session, name: str, start: str = "ces", *, published: bool = True) -> Questionnaire:
    made = drafts.create(session, name, library.document(start), NOW)
    if published:
        versions.publish(session, made, [], None, NOW)
    return made


def save(session: Session, *wanted: Use) -> int:
    return uses.choose(session, wanted, uses.seen(uses.chosen(session)), NOW)


def make_closings(session: Session, number: int, kind: str = "Repair") -> list[Resolution]:
    """Closings of jobs whose clients would be asked, each of a contact of its own."""
    return [
        make_resolution(session, make_job(session, make_contact(session), kind=kind, external_id=f"{kind}-{count}"))
        for count in range(number)
    ]


def states(closings: list[Resolution]) -> dict[int, InvitationState]:
    return {closing.id: closing.invitation.state for closing in closings if closing.invitation}


def test_a_kind_gets_its_questionnaire_whatever_its_case(session: Session) -> None:
    """A kind has its own; every other kind has the common one; what is asked is the version in force."""
    common, own = make_questionnaire(session, "Common", "nps"), make_questionnaire(session, "Effort")
    save(session, Use("", common.id), Use("repair", own.id))
    assert versions.version_for(session, "REPAIR", NOW).questionnaire_id == own.id
    assert versions.version_for(session, "Check", NOW).questionnaire_id == common.id
    assert publishing.kinds_of(session, own) == ["repair"]
    with pytest.raises(ConflictError, match="‘repair’"):
        publishing.archive(session, own, NOW)


def test_a_share_asks_about_the_closings_that_were_drawn(session: Session) -> None:
    """Who is asked follows from the draw alone, whatever is decided first; each verdict says how the lot fell."""
    own = make_questionnaire(session, "Effort")
    save(session, Use("", own.id), Use("repair", own.id, 25))
    closings = make_closings(session, 12)
    others = make_closings(session, 2, "Check")
    while invitations.schedule_batch(session, SECRET_KEY, NOW, limit=5):
        session.flush()
    for closing in closings:
        drawn = draw("test", closing.job.external_id, 1) < 25
        assert closing.invitation is not None
        assert (closing.invitation.state is InvitationState.SCHEDULED) is drawn
        verdict = next(one for one in invitations.explain(session, closing, NOW) if one.rule == "drawn")
        assert verdict.why == f"1 in 4 “Repair” jobs is asked about; this one was {'' if drawn else 'not '}drawn."
    assert 0 < sum(state is InvitationState.SCHEDULED for state in states(closings).values()) < 12
    assert set(states(others).values()) == {InvitationState.SCHEDULED}


def test_a_manager_asks_about_a_job_that_was_not_drawn(session: Session) -> None:
    """“Send now” passes the draw, says so, and what was forced stays so at the moment of sending."""
    own = make_questionnaire(session, "Effort")
    save(session, Use("", own.id, 0))
    (closing,) = make_closings(session, 1)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    invitation = closing.invitation
    assert invitation is not None
    assert states([closing]) == {closing.id: InvitationState.SKIPPED}
    invitations.send_now(session, invitation, None, NOW)
    assert states([closing]) == {closing.id: InvitationState.SCHEDULED}
    verdict = next(one for one in invitation.verdicts if one["rule"] == "drawn")
    assert verdict["why"] == "None of the “Repair” jobs are asked about. A manager chose to send it anyway."


def test_what_went_out_stays_out_when_the_share_falls(session: Session) -> None:
    """A smaller share takes back no email: the rule asks before sending only."""
    own = make_questionnaire(session, "Effort")
    invitation = make_invitation(session, make_closings(session, 1)[0], sent_at=NOW, expires_at=NOW + timedelta(days=7))
    save(session, Use("", own.id, 0))
    assert invitations.reason_not_to_send(session, invitation, reminder=False, now=NOW) is None


def test_a_preview_says_what_saving_does(session: Session) -> None:
    """The same surveys are left out as the preview counted, and a higher share brings them back."""
    common, own = make_questionnaire(session, "Common", "nps"), make_questionnaire(session, "Effort")
    save(session, Use("", common.id))
    closings = make_closings(session, 8) + make_closings(session, 2, "Check")
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    wanted = [Use("", common.id), Use("repair", own.id, 50)]
    found = uses.preview(session, wanted, NOW)
    left = [c for c in closings if c.job.kind == "Repair" and draw("test", c.job.external_id, 1) >= 50]
    assert found.counts == {Effect.SKIPPED: len(left)}
    assert found.other_questions == 8 - len(left)
    assert [(one.label, one.before, one.after) for one in found.changes] == [
        ("Repair", "as every other kind of job", "Effort, 1 in 2 asked")
    ]
    assert len(states(closings)) == 10
    assert save(session, *wanted) == len(left)
    assert sum(state is InvitationState.SKIPPED for state in states(closings).values()) == len(left)
    assert uses.preview(session, [Use("", common.id)], NOW).counts == {Effect.INCLUDED: len(left)}
    assert save(session, Use("", common.id)) == len(left)
    assert set(states(closings).values()) == {InvitationState.SCHEDULED}


def test_a_change_of_the_survey_rules_asks_nobody_who_was_not_drawn(session: Session) -> None:
    """Rules, hours and shares are weighed together: saving one does not forget the others."""
    own = make_questionnaire(session, "Effort")
    save(session, Use("", own.id, 0))
    closings = make_closings(session, 3)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    rules = rules_of(get_firm(session))
    save_rules(session, replace(rules, delay_hours=30), None, NOW)
    assert set(states(closings).values()) == {InvitationState.SKIPPED}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("archived", "archived"),
        ("never published", "never published"),
        ("unknown", "no such questionnaire"),
        ("share", "from 0 to 100"),
        ("twice", "twice"),
        ("long", "at most 80"),
    ],
)
def test_what_cannot_be_chosen_is_refused(session: Session, broken: str, why: str) -> None:
    """Nothing is saved, and the reason names the way out."""
    own, spare = make_questionnaire(session, "Effort"), make_questionnaire(session, "Spare", published=False)
    use = Use("repair", own.id, 101 if broken == "share" else 100)
    if broken == "archived":
        versions.publish(session, spare, [], None, NOW)
        publishing.archive(session, spare, NOW)
    if broken in {"archived", "never published"}:
        use = Use("repair", spare.id)
    elif broken == "unknown":
        use = Use("repair", 10_000)
    elif broken == "long":
        use = Use("x" * 81, own.id)
    with pytest.raises(InvalidInputError, match=why):
        save(session, use, *([use] if broken == "twice" else []))
    assert uses.chosen(session) == []


def test_two_at_once_do_not_overwrite_each_other(session: Session) -> None:
    """Who saw an older state is told, and nothing of theirs is saved."""
    own = make_questionnaire(session, "Effort")
    was = uses.seen(uses.chosen(session))
    uses.choose(session, [Use("", own.id)], was, NOW)
    with pytest.raises(ConflictError, match="meanwhile"):
        uses.choose(session, [Use("", own.id, 10)], was, NOW)
    with pytest.raises(ConflictError, match="so already"):
        save(session, Use("", own.id))
    assert uses.chosen(session) == [Use("", own.id)]


def test_kinds_are_counted_whatever_their_case(session: Session) -> None:
    """Most jobs first, as most write it; a kind chosen for that no job has yet is there too."""
    own = make_questionnaire(session, "Effort")
    for kind in ("Repair", "Repair", "repair", "Check", ""):
        make_job(session, kind=kind)
    save(session, Use("", own.id), Use("audit", own.id))
    assert [(kind.name, kind.jobs) for kind in uses.kinds(session)] == [("Repair", 3), ("Check", 1), ("audit", 0)]


def test_a_kind_is_one_however_it_is_written(session: Session, manager: FlaskClient) -> None:
    """A choice for “REPAIR” is one for “repair”, and the desk names it as most jobs write it."""
    common, own = make_questionnaire(session, "Common", "nps"), make_questionnaire(session, "Effort")
    for kind in ("Réparation", "RÉPARATION", "Réparation"):
        make_job(session, kind=kind)
    save(session, Use("", common.id), Use("RÉPARATION", own.id))
    assert versions.version_for(session, "réparation", NOW).questionnaire_id == own.id
    with pytest.raises(InvalidInputError, match="twice"):
        save(session, Use("Réparation", own.id), Use("RÉPARATION", common.id))
    assert publishing.kinds_of(session, own) == ["Réparation"]
    assert job_kinds(session) == ["Réparation"]
    session.commit()
    assert "Asked about Réparation." in manager.get(f"/desk/questionnaires/{own.id}").text
    jobs = manager.get("/desk/jobs?kind=r%C3%A9paration").text
    assert jobs.count('<span class="sub">Réparation') == 2
    assert jobs.count('<span class="sub">RÉPARATION') == 1


def test_the_page_previews_saves_and_takes_back(session: Session, manager: FlaskClient) -> None:
    """A share is filled in, looked at, saved with the verdict on the job's page, and undone."""
    own = make_questionnaire(session, "Effort")
    closings = make_closings(session, 6)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    page = manager.get(PAGE).text
    assert "Every other kind" in page
    assert "Nobody has changed who gets what so far." in page
    assert "Repair" in page
    fields = {
        "was": uses.seen([]),
        "kind": ["", "Repair"],
        "questionnaire": [str(own.id), str(own.id)],
        "share": ["100", "0"],
        "new_kind": "Audit",
        "new_questionnaire": str(own.id),
        "new_share": "",
    }
    shown = manager.post(PAGE, data=fields).text
    assert "6</strong> of 6 surveys looked at would change" in shown
    assert "Effort, nobody asked" in shown
    assert uses.chosen(session) == []
    assert manager.post(PAGE, data=fields | {"do": "save"}).status_code == 303
    assert uses.chosen(session) == [Use("", own.id), Use("audit", own.id), Use("repair", own.id, 0)]
    assert set(states(closings).values()) == {InvitationState.SKIPPED}
    undo = manager.get(PAGE).text.partition('action="/desk/questionnaires/uses/undo/')[2].partition('"')[0]
    assert "None of the “Repair” jobs are asked about." in manager.get(f"/desk/jobs/{closings[0].job_id}").text
    assert manager.post(f"{PAGE}/undo/{undo}").status_code == 303
    assert uses.chosen(session) == []
    assert set(states(closings).values()) == {InvitationState.SCHEDULED}
    undone, chosen = uses.history(session)
    said = [
        {change["label"]: (change["before"], change["after"]) for change in edit.changes} for edit in (chosen, undone)
    ]
    as_others, nobody = "as every other kind of job", "Effort, nobody asked"
    assert [changes["Repair"] for changes in said] == [(as_others, nobody), (nobody, as_others)]
    assert chosen.changed_by is not None
    history = manager.get(PAGE).text.partition("uses-history")[2]
    assert history.count("<strong>Manager</strong>") == 2
    assert "Repair: Effort, nobody asked" in history
    assert "changed this meanwhile" in manager.post(f"{PAGE}/undo/{undo}", follow_redirects=True).text
    assert "can’t be undone" in manager.post(f"{PAGE}/undo/nonsense", follow_redirects=True).text


def test_what_was_chosen_stays_where_somebody_else_was_faster(session: Session, manager: FlaskClient) -> None:
    """Nothing is overwritten, and nothing has to be chosen again: a look at what it would change now, then saved."""
    own = make_questionnaire(session, "Effort")
    make_closings(session, 1)
    was = uses.seen([])
    uses.choose(session, [Use("", own.id, 50)], was, NOW)
    mine = {"was": was, "kind": ["", "Repair"], "questionnaire": [str(own.id)] * 2, "share": ["100", "20"]}
    response = manager.post(PAGE, data=mine | {"do": "save"})
    assert response.status_code == 409
    assert "What you chose is still below" in response.text
    assert re.findall(r'name="share" id="share-\d" value="(\d*)"', response.text) == ["100", "20"]
    assert uses.chosen(session) == [Use("", own.id, 50)]
    assert manager.post(PAGE, data=mine | {"was": uses.seen(uses.chosen(session)), "do": "save"}).status_code == 303
    assert uses.chosen(session) == [Use("", own.id, 100), Use("repair", own.id, 20)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"share": ["100", "101"]}, "Repair: Give a whole number from 0 to 100."),
        ({"share": ["100", "many"]}, "Give a whole number from 0 to 100."),
        ({"questionnaire": ["", ""]}, "Choose a questionnaire."),
        ({"new_questionnaire": "1"}, "Name the kind of job."),
        (
            {"new_kind": "repair", "new_questionnaire": "1", "questionnaire": ["1", "1"]},
            "This kind is in the list above.",
        ),
        ({"questionnaire": ["1", "999"]}, "There is no such questionnaire."),
    ],
)
def test_the_page_says_what_is_wrong(
    session: Session, manager: FlaskClient, change: dict[str, object], why: str
) -> None:
    """What was filled in stays, with the reason at its place."""
    own = make_questionnaire(session, "Effort")
    make_job(session)
    fields = {"was": uses.seen([]), "kind": ["", "Repair"], "questionnaire": [str(own.id), ""], "share": ["100", ""]}
    own_id = {"1": str(own.id)}
    sent = {
        name: [own_id.get(one, one) for one in value] if isinstance(value, list) else own_id.get(str(value), str(value))
        for name, value in change.items()
    }
    response = manager.post(PAGE, data=fields | sent)
    assert response.status_code == 422
    assert why in response.text


def test_a_share_without_a_questionnaire_keeps_the_common_one(session: Session, manager: FlaskClient) -> None:
    """A share alone is enough: the kind keeps what every other kind is asked."""
    own = make_questionnaire(session, "Effort")
    make_job(session)
    fields = {"was": uses.seen([]), "kind": ["", "Repair"], "questionnaire": [str(own.id), ""], "share": ["100", "20"]}
    assert manager.post(PAGE, data=fields | {"do": "save"}).status_code == 303
    assert uses.chosen(session) == [Use("", own.id), Use("repair", own.id, 20)]


def test_nothing_published_leaves_nothing_to_choose(manager: FlaskClient) -> None:
    """The page says what is asked meanwhile."""
    assert "Nothing to choose from yet" in manager.get(PAGE).text


def test_explain_shows_the_draw(app: Flask, session: Session) -> None:
    """`flask invitations explain` has the verdict, too."""
    own = make_questionnaire(session, "Effort")
    save(session, Use("", own.id, 0))
    (closing,) = make_closings(session, 1)
    session.commit()
    result = app.test_cli_runner().invoke(args=["invitations", "explain", "test", closing.job.external_id])
    assert result.exit_code == 0
    assert "None of the “Repair” jobs are asked about." in result.output
    assert load_house(session).policy.share_for("anything") == 0


def test_a_survey_goes_out_with_the_questionnaire_of_its_kind(session: Session) -> None:
    """The version is taken at the moment of sending."""
    common, own = make_questionnaire(session, "Common", "nps"), make_questionnaire(session, "Effort")
    save(session, Use("", common.id), Use("repair", own.id))
    closing = make_closings(session, 1)[0]
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    invitation: Invitation | None = closing.invitation
    assert invitation is not None
    assert invitations.release(session, invitation, invitation.due_at)
    assert invitation.version is not None
    assert invitation.version.questionnaire_id == own.id
