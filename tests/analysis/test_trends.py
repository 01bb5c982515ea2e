"""Subjects over time: periods, counts, intervals, and when there is too little to say."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.trends import Count, count_subjects, months_until, quarters_until, trends
from analysis.models import AnswerAnalysis
from analysis.reading.corrections import correct
from tests.analysis.desk_rows import make_hurt_client
from tests.conftest import NOW

TODAY = date(2026, 3, 10)


def _mention(aspect: str, sentiment: str = "negative") -> dict[str, object]:
    return {"aspect": aspect, "sentiment": sentiment, "start": 0, "end": 1}


def test_months_and_quarters_end_with_todays() -> None:
    """Oldest first, across the turn of the year."""
    assert [period.label for period in months_until(TODAY, 3)] == ["Jan 2026", "Feb 2026", "Mar 2026"]
    assert [period.label for period in quarters_until(date(2026, 12, 31), 12)] == [f"Q{n} 2026" for n in (1, 2, 3, 4)]
    assert quarters_until(TODAY, 24)[0].start == date(2024, 4, 1)
    assert len(quarters_until(TODAY, 36)) == 12


def test_a_comment_counts_once_for_each_subject() -> None:
    """As bad when any mention is; outside the periods not at all; the most mentioned subject first."""
    comments = [
        (date(2026, 3, 1), [_mention("price", "positive"), _mention("price"), _mention("staff", "positive")]),
        (date(2026, 2, 28), [_mention("price", "neutral")]),
        (date(2025, 12, 31), [_mention("price")]),
    ]
    price, staff = count_subjects(comments, months_until(TODAY, 3))
    assert (price.aspect, price.counts) == ("price", (Count(), Count(1, 0), Count(1, 1)))
    assert (staff.aspect, staff.whole) == ("staff", Count(1, 0))
    assert count_subjects([], months_until(TODAY, 3)) == ()


def test_a_share_needs_five_comments() -> None:
    """Below that neither share nor interval; Wilson's interval by hand: 3 of 10 is 10.8 to 60.3 %."""
    assert (Count(4, 4).share, Count(4, 4).interval) == (None, None)
    low, high = Count(10, 3).interval or (0, 0)
    assert (Count(10, 3).share, round(low, 3), round(high, 3)) == (0.3, 0.108, 0.603)


def test_the_line_breaks_where_there_are_too_few() -> None:
    """Two stretches around a thin month; one month alone is drawn as a short level line; bars stay in the picture."""
    days = [date(2026, 1, 5)] * 5 + [date(2026, 2, 5)] + [date(2026, 3, 5)] * 10
    (subject,) = count_subjects([(day, [_mention("price")]) for day in days], months_until(TODAY, 3))
    first, second = subject.stretches
    assert first.line == "6.7,0.0 33.3,0.0"
    assert len(second.band.split()) == 4
    assert all(0 <= x <= 120 and 0 <= y <= 32 and y + height <= 32.01 for x, y, _, height in subject.bars)


def test_small_firms_are_counted_by_quarter(session: Session) -> None:
    """Where no subject has enough comments in most months; a corrected subject counts as corrected."""
    make_hurt_client(session)
    reading = session.scalars(select(AnswerAnalysis)).one()
    before = trends(session, TODAY, UTC, 12)
    assert (before.by, [subject.aspect for subject in before.subjects]) == ("quarter", ["staff_attitude"])
    bad = {"aspect": "timeliness", "sentiment": "negative", "start": 0, "end": 0}
    correct(
        session, reading.answer, reading, sentiment="mixed", aspects=[bad], user_id=None, now=NOW + timedelta(hours=1)
    )
    (subject,) = trends(session, TODAY, ZoneInfo("Europe/Dublin"), 12).subjects
    assert (subject.aspect, subject.whole) == ("timeliness", Count(1, 1))


def test_months_are_shown_where_they_say_something(session: Session) -> None:
    """Five comments in each of four months of six are enough, in three of them too few: the line would be dots."""
    for number in range(15):
        make_hurt_client(session, now=NOW - timedelta(days=(0, 40, 70)[number % 3]))
    assert trends(session, TODAY, UTC, 6).by == "quarter"
    for _ in range(5):
        make_hurt_client(session, now=NOW - timedelta(days=100))
    found = trends(session, TODAY, UTC, 6)
    assert (found.by, len(found.periods)) == ("month", 6)
    assert sorted(count.total for count in found.subjects[0].counts) == [0, 0, 5, 5, 5, 5]
