"""Who is there, what was promised against what was said, words against scores, and what ties a client to the firm."""

from dataclasses import replace
from datetime import timedelta

import pytest

from analysis.relationships import people
from analysis.relationships.contradiction import contradictions
from analysis.relationships.coverage import contacts_heard, coverage
from analysis.relationships.depth import health_of, strengths
from analysis.relationships.evidence import Ask, Evidence, Person, Reading, Response, Settlement
from analysis.relationships.expectation import aspects_of, expectation_gap
from analysis.relationships.history import as_of
from analysis.relationships.picture import picture
from analysis.relationships.satisfaction import satisfaction
from analysis.relationships.silence import UNDELIVERED, asked, silence
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, loyal, rated, read
from tests.conftest import NOW

FIRM = FirmUsual()
IDA, OLE = Person(1, "Ida Berg", decides=True, since=ago(400)), Person(2, "Ole Lund", since=ago(300))
STEPS = {"kept_informed": "We kept you informed", "explained": "We explained it at the end"}


def test_a_new_decision_maker_has_to_be_won_again() -> None:
    """Named with the day; less once somebody met them, half once they rated a job well, over once a flag is settled."""
    new = replace(OLE, decides=True, decides_since=ago(20))
    changed = replace(client(), people=(replace(IDA, left_at=ago(21)), new))
    signal = people.new_decider(changed, NOW)
    assert signal is not None
    assert signal.text == "A new decision-maker: Ole Lund."
    assert "decides since" in signal.evidence[0].text
    met = people.new_decider(replace(changed, contacted=(ago(5),)), NOW)
    pleased = people.new_decider(replace(changed, responses=(replace(rated(3, 5), contact_id=2),)), NOW)
    assert met is not None
    assert pleased is not None
    assert max(met.points, pleased.points) < signal.points
    assert people.new_decider(replace(changed, settlements=(Settlement(ago(2), lost=False),)), NOW) is None
    assert people.new_decider(as_of(changed, ago(30)), ago(30)) is None


def test_the_first_decision_maker_is_not_new() -> None:
    """Neither where nobody decided before, nor where the whole client is new."""
    assert people.new_decider(replace(client(), people=(replace(IDA, since=ago(20)),)), NOW) is None
    both = (replace(IDA, since=ago(40)), replace(OLE, decides=True, since=ago(10)))
    assert people.new_decider(client(job_days=(40, 10)), NOW) is None
    assert people.new_decider(replace(client(job_days=(40, 10)), people=both), NOW) is None


def test_a_champion_who_left_is_missed() -> None:
    """Who ordered half of the jobs and left; a bystander is nothing, and the main contact has a sign of its own."""
    evidence = client()
    theirs = tuple(job if n % 2 else replace(job, contact_id=2) for n, job in enumerate(evidence.jobs))
    left = replace(OLE, left_at=ago(10))
    signal = people.champion_left(replace(evidence, jobs=theirs, people=(IDA, left)), NOW)
    assert signal is not None
    assert "Ole Lund" in signal.text
    assert people.champion_left(replace(evidence, people=(IDA, left)), NOW) is None
    assert people.champion_left(replace(evidence, people=(replace(IDA, left_at=ago(10)), OLE)), NOW) is None


def test_one_contact_left_of_several() -> None:
    """A relationship that hung on three people and now hangs on one says so, until there is another."""
    gone = (replace(OLE, left_at=ago(100)), Person(3, "Eva", mail_block="bounced", blocked_at=ago(50)))
    signal = people.only_contact(replace(client(), people=(IDA, *gone)), FIRM, NOW)
    assert signal is not None
    assert signal.text == "Only one contact left of 3: Ida Berg."
    assert [quote.source for quote in signal.evidence] == ["contact/2", "contact/3"]
    assert not signal.fades
    assert people.only_contact(replace(client(), people=(IDA, *gone, Person(4, "Per"))), FIRM, NOW) is None
    nobody = people.only_contact(replace(client(), people=gone), FIRM, NOW)
    assert nobody is not None
    assert nobody.text.startswith("Nobody there can be reached: all 2 contacts")


def test_one_contact_from_the_start_is_a_sign_at_the_largest_only() -> None:
    """Most clients are one person; it matters where much hangs on it."""
    assert people.only_contact(client(), FIRM, NOW) is None
    signal = people.only_contact(client(), replace(FIRM, value_high=500.0), NOW)
    assert signal is not None
    assert "One of your largest clients" in signal.text


def test_words_against_the_promise() -> None:
    """An unhappy comment about what the firm promises says no more than that; what they ticked speaks for itself."""
    silent = replace(loyal(rated(2, 3, read("Nobody told us anything.", aspect="communication"))), step_texts=STEPS)
    signal = expectation_gap(silent, NOW)
    assert signal is not None
    assert signal.text == "Unhappy about something that you promise: “We kept you informed”."
    assert signal.evidence[0].text == "Nobody told us anything."
    for said in (1, -1):
        last = replace(silent.responses[-1], steps={"kept_informed": said})
        assert expectation_gap(replace(silent, responses=(*silent.responses[:-1], last)), NOW) is None
    assert expectation_gap(silent, NOW + timedelta(days=60)) is None


@pytest.mark.parametrize(
    ("csat", "comment"),
    [
        (3, read("Too dear.", aspect="price_billing")),
        (5, read("Nobody told us anything.", aspect="communication")),
        (3, read("Fine, but nobody told us.", aspect="communication", score=0.1)),
    ],
)
def test_another_matter_or_a_content_client_breaks_no_promise(csat: int, comment: Reading) -> None:
    """Words about something else, a good rating, or a comment that is not unhappy as a whole are no gap."""
    assert expectation_gap(replace(loyal(rated(2, csat, comment)), step_texts=STEPS), NOW) is None


def test_a_step_of_the_firms_own_is_found_by_its_words() -> None:
    """Firms write their own promise."""
    assert aspects_of("own1", "You get the invoice we estimated") == ("price_billing",)
    assert aspects_of("own2", "We bring cake") == ()


def test_words_and_score_that_disagree_are_told_and_widen_the_interval() -> None:
    """No points: nobody knows which is true; the level is less sure, and not otherwise moved."""
    polite = loyal(rated(5, 5, read("It was a disaster from start to end.", score=-0.9)))
    notes = contradictions(polite, NOW)
    assert [note.text for note in notes] == ["Rated 5 of 5, but the words are unhappy: the number may be politeness."]
    assert notes[0].points == 0
    assert satisfaction(polite, FIRM, NOW).mixed > 0 == satisfaction(loyal(rated(5, 5)), FIRM, NOW).mixed
    kind = contradictions(loyal(rated(5, 2, read("Lovely people, thank you!", score=0.9))), NOW)
    assert "ask which is meant" in kind[0].text
    unsure = replace(read("Hmm.", score=-0.9), abstained="unsure")
    assert contradictions(loyal(rated(5, 5, unsure)), NOW) == ()


def test_ties_are_said_in_words_and_count_in_health() -> None:
    """Years, contacts, kinds of work, answers, referrals, interests."""
    evidence = loyal()
    kinds = tuple(replace(job, kind=f"Kind {n % 3}") for n, job in enumerate(evidence.jobs))
    deep = replace(evidence, jobs=kinds, people=(IDA, OLE), referred=(ago(100),), interests=("the new plant",))
    assert [tie.name for tie in strengths(deep, NOW)] == [
        "years",
        "contacts",
        "kinds",
        "answers",
        "referrals",
        "interests",
    ]
    cases = tuple(replace(job, kind=("Repair", "REPAIR", "repair")[n % 3]) for n, job in enumerate(evidence.jobs))
    assert "kinds" not in [tie.name for tie in strengths(replace(deep, jobs=cases), NOW)]
    assert strengths(Evidence(), NOW) == ()
    assert health_of(strengths(deep, NOW)) > health_of(strengths(evidence, NOW)) >= 0


def test_one_account_one_vote_with_the_deciders_view_beside() -> None:
    """The user is happy, the one who decides is not: both are shown."""
    answers = (*tuple(replace(rated(day, 5), contact_id=2) for day in (90, 60, 30)), rated(45, 2), rated(10, 2))
    mixed = replace(client(), people=(IDA, OLE), responses=tuple(sorted(answers, key=lambda answer: answer.at)))
    found = coverage(mixed, FIRM, NOW)
    assert found.account is not None
    assert found.decider is not None
    assert found.decider.value < found.account.value - 0.4
    assert found.view == "Who decides (Ida Berg) is less happy than the account as a whole."
    assert found.text.startswith("In 12 months you heard 2 of 2 contacts")
    silent = coverage(replace(mixed, responses=mixed.responses[:1]), FIRM, NOW)
    assert silent.view == "Who decides (Ida Berg) has never answered."
    assert coverage(replace(mixed, responses=answers[3:]), FIRM, NOW).view.endswith("is the only voice you hear.")
    assert coverage(client(), FIRM, NOW).account is None
    assert contacts_heard(mixed, NOW) == (2, 2)


def test_what_became_of_each_survey() -> None:
    """Every kind of silence is counted by itself."""
    fates = ("opened", "unopened", "unopened", "scanner", UNDELIVERED, "")
    asks = (Ask(1, ago(300), True), *(Ask(1, ago(200 - 9 * n), False, fate=fate) for n, fate in enumerate(fates)))
    found = asked(client(asks=(*asks, Ask(1, ago(2), False))), NOW)
    assert found.text == (
        "8 surveys in 12 months: 1 answered, 1 opened and left, 2 never opened, 1 opened by a mail scanner only, "
        "1 did not arrive, 1 not answered and 1 still open."
    )
    assert found.not_asked_since is None
    assert asked(client(), NOW).text == ""


def test_not_having_been_asked_is_no_silence_of_theirs() -> None:
    """Jobs were done and nobody was asked: that is the firm's silence, and is said."""
    assert asked(client(asks=(Ask(1, ago(200), True),)), NOW).not_asked_since == ago(200)
    assert asked(client(job_days=(30, 5)), NOW).not_asked_since is None


def test_what_did_not_arrive_is_no_silence() -> None:
    """Bounced surveys after a habit of answering say nothing about the client; the reason tells what silences were."""
    habit = tuple(Ask(1, ago(300 - 20 * n), True) for n in range(6))
    lost = tuple(Ask(1, ago(100 - 20 * n), False, fate=UNDELIVERED) for n in range(4))
    assert silence(client(asks=(*habit, *lost)), FIRM, NOW) is None
    left = silence(client(asks=(*habit, *(replace(ask, fate="opened") for ask in lost))), FIRM, NOW)
    assert left is not None
    assert left.evidence[-1].text == "Of these: 4 opened and left"


def test_the_picture_is_json() -> None:
    """Kept with the state of the relationship."""
    found = picture(replace(loyal(rated(5, 5, read("A disaster.", score=-0.9))), people=(IDA, OLE)), FIRM, NOW)
    assert set(found) == {"strengths", "coverage", "asked", "notes"}
    assert found["coverage"]["account"]["value"] > 4
    assert picture(Evidence(), FIRM, NOW)["coverage"]["text"] == ""


def test_an_answer_of_nobody_in_particular_is_heard_too() -> None:
    """A contact who is not in the list any more does not break the count."""
    stranger = Response(9, 1, 99, ago(3), {"csat": 4})
    assert contacts_heard(replace(client(), responses=(stranger,)), NOW) == (0, 1)
