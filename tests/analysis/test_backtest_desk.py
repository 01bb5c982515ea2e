"""What the desk shows of a backtest: the weekly ten, the curves, the stories, the verdict; nothing of the future."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.backtest import desk_run, ten
from analysis.backtest.files import parse
from analysis.backtest.replay import NAIVE
from analysis.backtest.stories import CAUGHT, FALSE_ALARM
from analysis.desk import backtest_charts, backtest_flagged
from analysis.desk.backtest_flagged import GONE, LATER, LOST, STAYED, UNKNOWN, fate
from analysis.desk.backtest_page import rule_rows, verdict
from analysis.desk.backtest_stories import stories_page
from survey.errors import InvalidInputError
from tests.analysis.past import told
from tests.analysis.test_backtest import Flat, files

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_sour_are_in_the_weekly_ten() -> None:
    """All four are found, within the 90 days before their last job, and no rule finds more than were lost."""
    early = told().report["curves"]["ten"]
    assert early["lost"] == 4
    assert early["models"]["model"]["found"] == 4
    assert set(early["models"]) == {"model", *NAIVE}
    for model in early["models"].values():
        assert 0 <= model["low"] <= model["share"] <= model["high"] <= 1
        assert sum(bin_["clients"] for bin_ in model["days"]) == model["found"] <= early["lost"]
        if model["median_days"]:
            assert 0 <= model["median_days"]["low"] <= model["median_days"]["value"] <= 90


def test_gain_never_falls_and_intervals_hold_their_numbers() -> None:
    """Calling more finds no less; each band of chances has its share inside its interval."""
    curves = told().report["curves"]
    for rows in curves["gain"].values():
        found = [row["found"] for row in rows]
        assert found == sorted(found)
        assert all(0 <= row["low"] <= row["high"] <= 1 for row in rows)
    for row in curves["reliability"]:
        assert row["low"] <= row["happened"] <= row["high"]
    json.dumps(told().report, allow_nan=False)


def test_what_is_shown_of_a_week_knows_nothing_later() -> None:
    """Cut the data: whoever is flagged before the cut is so with the same chance, severity and reasons."""
    jobs, responses, lost = files(until=301)
    cut = desk_run.of_files(parse(jobs, responses, lost, UTC), Flat())

    def flagged(run: desk_run.DeskRun, week: datetime) -> list[tuple[Any, ...]]:
        shown = next(found.shown for found in run.weeks if found.at == week)
        return [
            (run.clients[row["client"]][0], row["risk"], row["severity"], [reason["text"] for reason in row["reasons"]])
            for row in shown
            if row["flagged"]
        ]

    compared = [week.at for week in cut.weeks]
    assert sum(len(flagged(cut, week)) for week in compared) > 10
    assert all(flagged(cut, week) == flagged(told(), week) for week in compared)


def test_stories_are_told_week_by_week() -> None:
    """Three caught and a false alarm (nobody was missed), and no week tells of anything after its Monday."""
    stories = told().stories
    assert [story["kind"] for story in stories] == [CAUGHT, CAUGHT, CAUGHT, FALSE_ALARM]
    for story in stories:
        for week in story["weeks"]:
            assert all(event["at"] <= week["week"] for event in week["events"])
    caught = stories[0]
    assert caught["first_listed"] < caught["lost_at"]
    assert any(event["kind"] == "answer" for week in caught["weeks"] for event in week["events"])
    assert any(week["reasons"] for week in caught["weeks"])
    page = stories_page(stories)
    assert "before their last job" in page[0].summary
    assert "They stayed" in page[-1].summary
    assert all(story.chart.line for story in page)
    quiet = sum(week.quiet for week in page[0].weeks)
    assert quiet + sum(not week.quiet for week in page[0].weeks) == len(caught["weeks"])


def test_a_story_says_since_when_even_if_that_was_before_it_begins() -> None:
    """One who stood on the list already when the story opens did not come onto it in its first week."""
    story = copy.deepcopy(told().stories[0])
    first = story["weeks"][0]
    first["ten"] = True
    story["first_listed"] = (datetime.fromisoformat(first["week"]) - timedelta(weeks=3)).isoformat()
    (told_, *_) = stories_page([story])
    assert "Comes onto the list" not in told_.weeks[0].news


def test_equals_are_ordered_alike_for_every_rule() -> None:
    """A yes-or-no rule lists nobody of whom it says no; a full list has ten."""
    found = told()
    listed = [(week.at, row["client"]) for week in found.weeks for row in week.shown if row["ten"]]
    assert max(sum(at == week for at, _ in listed) for week, _ in listed) == ten.TEN


def changed(**changes: Any) -> dict[str, Any]:
    """The report with other figures: lost, found, best, auc and more as (value, low, high)."""
    report = copy.deepcopy(told().report)
    early, gain = report["curves"]["ten"], report["primary"]["gain"]
    early["lost"] = changes.get("lost", 30)
    early["models"]["model"]["found"] = changes.get("found", 19)
    early["models"][early["best_naive"]]["found"] = changes.get("best", 12)
    gain["auc"] = dict(zip(("value", "low", "high"), changes.get("auc", (0.1, 0.05, 0.15)), strict=True))
    early["more_than_best"] = dict(zip(("value", "low", "high"), changes.get("more", (7.0, 2.0, 12.0)), strict=True))
    return report


def test_the_verdict_is_plain() -> None:
    """Of how many lost how many were found, how early, and what the best simple rule would have found."""
    said = verdict(changed())
    assert said.tone == "good"
    assert said.title.startswith(
        "Of the 30 clients who were lost, 19 would have been in your weekly ten, in the middle"
    )
    assert "would have found 12." in said.title


@pytest.mark.parametrize(
    ("changes", "tone", "words"),
    [
        ({"lost": 4}, "info", "too little to judge"),
        ({"auc": (0.01, -0.05, 0.07), "more": (1.0, -3.0, 5.0)}, "warning", "may be chance"),
        ({"auc": (-0.1, -0.2, -0.05), "more": (-3.0, -6.0, 1.0)}, "danger", "simple rule did better"),
        ({"more": (1.0, -2.0, 4.0)}, "info", "may be chance"),
        ({"auc": (0.02, -0.01, 0.05)}, "info", "not surely better"),
    ],
)
def test_the_verdict_is_honest(changes: dict[str, Any], tone: str, words: str) -> None:
    """Too few, perhaps chance, worse: it says so."""
    said = verdict(changed(**changes))
    assert said.tone == tone
    assert words in " ".join(said.sentences)


def test_nothing_to_measure_is_said() -> None:
    """Without one lost client there are no curves, and the page says why."""
    jobs, responses, _ = files(days=200)
    found = desk_run.of_files(parse(jobs, responses, b"client_ref,last_job_at\n", UTC), Flat())
    assert found.report["curves"] == {}
    assert rule_rows(found.report) == []
    assert "Nobody in the list of the lost" in verdict(found.report).sentences[0]


def test_charts_stay_inside_their_frame() -> None:
    """Every point of every curve lies in the viewBox."""
    report = told().report
    for line in backtest_charts.gain_chart(report).lines:
        for point in line.points.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= backtest_charts.WIDTH
            assert 0 <= y <= backtest_charts.HEIGHT
    _, bars = backtest_charts.lead_chart(report)
    assert sum(bar.height > 0 for bar in bars) > 0
    assert all(bar.height >= 0 for bar in bars)


@pytest.mark.parametrize(
    ("last", "lost", "kind"),
    [
        ("2025-04-01T00:00:00+00:00", True, LOST),
        ("2025-09-01T00:00:00+00:00", True, LATER),
        ("2025-02-01T00:00:00+00:00", True, GONE),
        ("2025-12-20T00:00:00+00:00", False, STAYED),
    ],
)
def test_what_became_of_a_client(last: str, lost: bool, kind: str) -> None:
    """Lost within 90 days, later, before; or still there."""
    client = ["C1", "Harbour Café", "2024-01-01T00:00:00+00:00", last, 9, last if lost else None]
    assert fate(client, MONDAY, END).kind == kind


def test_the_end_of_the_data_is_no_end_of_a_client() -> None:
    """Within 90 days of the end nobody is said to have stayed."""
    client = ["C1", "Harbour Café", "2024-01-01T00:00:00+00:00", "2025-12-20T00:00:00+00:00", 9, None]
    assert fate(client, END - timedelta(days=30), END).kind == UNKNOWN


def test_the_month_shown_first_is_one_whose_end_is_known() -> None:
    """The latest that ended 90 days before the data do."""
    weeks = [MONDAY + timedelta(weeks=n) for n in range(40)]
    assert backtest_flagged.usual_month(weeks, END).isoformat() == "2025-09-01"


def test_a_file_that_cannot_be_read_is_named() -> None:
    """The error says which of the three it is."""
    jobs, responses, _ = files(days=60)
    with pytest.raises(InvalidInputError) as refused:
        parse(jobs, responses, b"client\nC1\n", UTC)
    assert refused.value.field == "lost"
