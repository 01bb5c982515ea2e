"""Risk said against what happened, the monthly scorecard, and drift: counted right; silent where little is known."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.drift import notices
from analysis.desk.scorecard import COLUMNS, scorecard_csv, scorecard_document
from analysis.flags import followups
from analysis.flags.alerts import digest_batch
from analysis.learning import drift
from analysis.learning.foretelling import over_all, sums_by_month
from analysis.learning.scorecard import month_starts, scorecard
from analysis.models import DriftCheck, FlagStatus, OutcomeResult, RiskReading, Rung
from analysis.relationships.drift import agreement, shift
from analysis.relationships.foretold import BANDS, Sums, apart, band_of, foretold
from analysis.relationships.loss import FITTED, shipped
from analysis.scoring.lost import Loss, losses
from analysis.scoring.monthly import month_of
from emails.models import EmailMessage
from survey.config import Settings
from survey.models import Client
from survey.people import create_person
from tests.analysis.desk_rows import make_flag, make_move, make_outcome, make_state
from tests.conftest import NOW
from tests.factories import make_client

SHARES = st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=1, max_size=40)


def back(days: float) -> datetime:
    return NOW - timedelta(days=days)


def make_reading(session: Session, client: Client, at: datetime, risk: float, **features: float) -> RiskReading:
    reading = RiskReading(
        client_id=client.id,
        month=month_of(at),
        at=at,
        risk=risk,
        too_little=False,
        model=f"relationship-2+{shipped().version}",
        features=dict.fromkeys(FITTED, 0.0) | features,
    )
    session.add(reading)
    return reading


def make_lost(session: Session, last_job: float, known: float) -> Client:
    """A client who lapsed: last job and lapse so many days ago."""
    client = make_client(session)
    make_state(session, client, rung=Rung.LAPSED, last_job_at=back(last_job))
    make_move(session, client, Rung.CLIENT, Rung.LAPSED, back(known))
    return client


@settings(deadline=None, max_examples=40)  # machines may be busy
@given(SHARES)
def test_sums_give_the_same_as_the_readings_one_by_one(told: list[tuple[float, bool]]) -> None:
    """The Brier score, the expected losses and the bands, as counted directly."""
    bands = [Sums() for _ in BANDS[1:]]
    for risk, lost in told:
        mine = bands[band_of(risk)]
        mine.add(Sums(1, risk, risk * (1 - risk), risk**2, risk**4))
        if lost:
            mine.mark_lost(risk)
    found = foretold(bands)
    assert found is not None
    assert found.expected == pytest.approx(sum(risk for risk, _ in told))
    assert found.brier[0] == pytest.approx(sum((risk - lost) ** 2 for risk, lost in told) / len(told))
    assert found.brier[1] <= found.brier[0] <= found.brier[2]
    assert (found.count, found.lost) == (len(told), sum(lost for _, lost in told))
    assert sum(band.count for band in found.bands) == len(told)
    assert all(band.happened[1] <= band.happened[0] + 1e-9 <= band.happened[2] + 2e-9 for band in found.bands)


def test_nothing_read_says_nothing() -> None:
    """No reading, no score; months that lie less than the horizon apart are not counted together."""
    assert foretold([Sums() for _ in BANDS[1:]]) is None
    months = month_starts(NOW, 8)
    assert [month.month for month in apart(months)] == [3, 12, 9]


def test_who_is_lost(session: Session) -> None:
    """Lapsed, or closed as lost with no job since; never who came back, or is one of our own."""
    lapsed = make_lost(session, 250, 20)
    closed = make_flag(session, raised_at=back(40))
    session.flush()
    make_outcome(session, closed, OutcomeResult.LOST, NOW)
    back_again = make_flag(session)
    make_outcome(session, back_again, OutcomeResult.TOO_LATE, back(30))  # their last job was 12 days ago
    make_outcome(session, make_flag(session), OutcomeResult.KEPT, NOW)
    make_lost(session, 250, 20).internal = True
    session.flush()
    found = losses(session)
    assert set(found) == {lapsed.id, closed.client_id}
    assert found[lapsed.id] == Loss(back(250), back(20))
    assert found[closed.client_id].known_at == NOW


def test_risks_are_held_against_what_happened_only_when_it_is_known(session: Session) -> None:
    """270 days later; who was lost in the 90 days counts, who had been gone for longer is left out."""
    then = back(300)
    going, gone = make_lost(session, 250, 60), make_lost(session, 420, 200)
    staying = make_client(session)
    for client, risk in ((going, 0.4), (gone, 0.9), (staying, 0.1)):
        make_reading(session, client, then, risk)
        make_reading(session, client, back(100), risk)
    make_reading(session, make_client(session), then, 0.3).too_little = True
    session.flush()
    by_month = sums_by_month(session, losses(session), NOW)
    assert set(by_month) == {month_of(then)}
    found = over_all(by_month)
    assert found is not None
    assert (found.count, found.lost) == (2, 1)
    assert found.expected == pytest.approx(0.5)
    assert found.brier[0] == pytest.approx((0.36 + 0.01) / 2)
    assert sums_by_month(session, losses(session), NOW, "l99") == {}


def test_the_scorecard_counts_by_month(session: Session) -> None:
    """Raised, worked, outcomes with their intervals; lost with a warning, with a late one, with none; lead time."""
    warned, late, missed = (make_lost(session, 60, 5) for _ in range(3))
    make_flag(session, warned, raised_at=back(80), status=FlagStatus.CLEARED, closed_at=back(1))
    make_flag(session, late, raised_at=back(30), status=FlagStatus.CLEARED, closed_at=back(1))
    make_lost(session, 200, 4)  # their last job was before anybody watched
    for result in (*[OutcomeResult.KEPT] * 4, OutcomeResult.FALSE_ALARM):
        flag = make_flag(session, raised_at=back(3))
        followups.resolve(session, flag, None, result, "We spoke.", NOW)
    assert missed.id in losses(session)
    card = scorecard(session, NOW)
    march = card.months[-1]
    assert (march.raised, march.worked, march.resolved, march.cleared) == (5, 5, 5, 2)
    kept = march.results[OutcomeResult.KEPT]
    assert (kept.count, kept.total, kept.share) == (4, 5, 0.8)
    assert march.too_few == ""
    assert (march.gone, march.warned, march.after, march.missed) == (3, 1, 1, 1)
    assert march.lead_days == pytest.approx(20)
    assert card.months[0].too_few == "No outcome."
    lines = list(scorecard_csv(card))
    assert lines[0].strip() == ",".join(COLUMNS)
    assert all(line.count(",") == len(COLUMNS) - 1 for line in lines)
    document = scorecard_document(card)
    assert document["months"][-1]["results"]["kept"]["low"] == pytest.approx(0.3755, abs=1e-3)
    assert document["overall"] is None


def test_an_empty_scorecard_has_no_months(session: Session) -> None:
    """Before anything happened there is nothing to count; few outcomes are said to be few."""
    assert scorecard(session, NOW).months == []
    make_outcome(session, make_flag(session), OutcomeResult.KEPT)
    assert scorecard(session, NOW).months[-1].too_few == "Too few to say: 1 outcome."


def test_months_cross_the_turn_of_the_year() -> None:
    """Oldest first, this month last."""
    assert [(start.year, start.month) for start in month_starts(NOW, 4)] == [
        (2025, 12),
        (2026, 1),
        (2026, 2),
        (2026, 3),
    ]


@settings(deadline=None, max_examples=25)  # machines may be busy
@given(st.integers(0, 1000), st.integers(60, 300))
def test_an_input_that_stays_is_no_drift_and_one_that_moves_is(seed: int, clients: int) -> None:
    """The same values do not pass the limit; a large move does. Many zeros are no trouble."""
    random = Random(seed)
    before = [random.gauss(0, 1) if random.random() < 0.6 else 0.0 for _ in range(clients)]
    same = shift(before, before)
    moved = shift(before, [value + 3 for value in before])
    assert same is not None
    assert moved is not None
    assert same.index == pytest.approx(0.0)
    assert not same.crossed
    assert moved.crossed
    assert moved.now > moved.before


def test_chance_alone_rarely_looks_like_drift() -> None:
    """Of 200 pairs of samples of 60 clients from one distribution, next to none pass the limit."""
    random = Random(4)
    crossed = 0
    for _ in range(200):
        found = shift([random.gauss(0, 1) for _ in range(60)], [random.gauss(0, 1) for _ in range(60)])
        crossed += found is not None and found.crossed
    assert crossed <= 2
    assert shift([0.0] * 49, [0.0] * 100) is None


def test_agreement_needs_losses_and_sees_too_many() -> None:
    """25 lost where 10 were expected is beyond chance; 12 is not; 2 expected and 1 seen say nothing."""
    many = agreement(200, 10.0, 9.0, 25)
    assert many is not None
    assert many.crossed
    assert many.off == pytest.approx(5.0)
    few = agreement(200, 10.0, 9.0, 12)
    assert few is not None
    assert not few.crossed
    assert agreement(200, 2.0, 1.9, 1) is None


def drifted(session: Session) -> None:
    """Sixty clients whose silence grew a lot in the last months."""
    for number in range(60):
        client = make_client(session)
        for months in range(9):
            silence = (3.0 if months < 3 else 0.0) + 0.01 * number
            make_reading(session, client, back(30.5 * months), 0.05, silence=silence)
    session.flush()


def test_drift_is_kept_once_a_day_and_told_to_admins_once(session: Session, settings: Settings) -> None:
    """The first time an input passes its limit the digest says so, to admins alone; it stands until it is over."""
    admin = create_person(session, "ada@brightside.example", "admin", NOW)
    create_person(session, "mo@brightside.example", "manager", NOW)
    assert drift.watch(session, NOW) == 0  # nothing was ever said
    drifted(session)
    assert (drift.watch(session, NOW), drift.watch(session, NOW + timedelta(minutes=1))) == (1, 0)
    check = drift.latest(session)
    assert check is not None
    assert check.crossed == check.news == ["inputs/silence"]
    assert "before 270 days" in check.found["calibration_missing"]
    notice = notices(check)[0]
    assert "worse than it used to be" in notice.title
    assert "in the year before it was 0.29" in notice.what
    morning = NOW.replace(hour=8, minute=5)
    assert digest_batch(session, settings, morning) == 1
    message = session.scalars(select(EmailMessage)).one()
    assert (message.to_email, message.context["title"]) == (admin.email, "The risks have drifted")
    assert notice.what in message.context["items"][0]["why"]
    assert digest_batch(session, settings, morning + timedelta(days=1)) == 0
    assert drift.watch(session, NOW + timedelta(days=1)) == 1
    later = drift.latest(session)
    assert later is not None
    assert (later.crossed, later.news) == (["inputs/silence"], [])


def test_more_losses_than_said_are_drift(session: Session) -> None:
    """Risks of 5 % and a third of the clients gone."""
    for number in range(60):
        client = make_lost(session, 280, 90) if number % 3 == 0 else make_client(session)
        make_reading(session, client, back(300), 0.05)
    session.flush()
    found = drift.look(session, NOW)
    assert found["calibration"]["lost"] == 20
    assert found["calibration"]["expected"] == pytest.approx(3.0)
    assert found["calibration"]["crossed"]
    said = notices(DriftCheck(day=NOW, at=NOW, found=found, crossed=["calibration"], news=[]))[0]
    assert said.title == "More clients were lost than the risks said"
    assert "too low" in said.do
