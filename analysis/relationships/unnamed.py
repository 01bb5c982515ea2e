"""Words for what the chance of loss hears and no rule has named: answers that together say something, a wait."""

from analysis.relationships.alive import Habit
from analysis.relationships.evidence import Evidence, Quote, Signal
from analysis.relationships.satisfaction import Satisfaction
from analysis.relationships.scores import LOW_LEVEL_FROM, PLEASED_CSAT, said
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural, short_day

WORTH_SAYING = 1.5  # usual gaps: "15 days; usually every 13" is nothing to tell a manager


def lasting(evidence: Evidence, firm: FirmUsual, state: Satisfaction) -> Signal | None:
    """Answers that each mean little and together say something."""
    rated = [s for s in state.shares if s.ratings < 0 and s.response.numbers]
    if not rated:
        return None
    pleased = all(s.response.numbers.get("csat", 0) >= PLEASED_CSAT for s in rated)
    worst = sorted(rated, key=lambda share: share.ratings)[:3]
    stars = [s.response.numbers["csat"] for s in state.shares if "csat" in s.response.numbers]
    usual = firm.levels["csat"].mean
    if pleased and not (stars and sum(stars) / len(stars) < usual):
        return None  # "4 of 5" is no reason to call, whatever others say
    text = "Some of their answers lie below what your clients usually say."
    if stars and sum(stars) / len(stars) <= usual - LOW_LEVEL_FROM:
        text = f"Rates you {sum(stars) / len(stars):.1f} of 5 on average; your clients say {usual:.1f}."
    elif low := sum(star < PLEASED_CSAT for star in stars):
        was = "was" if low == 1 else "were"
        text = f"{low} of their {plural(len(stars), 'rating')} {was} below {PLEASED_CSAT} of 5."
    quotes = tuple(
        Quote(
            f"{said(s.response)} for {evidence.job_name(s.response.job_id)}",
            s.response.at,
            f"response/{s.response.id}",
        )
        for s in sorted(worst, key=lambda share: share.response.at, reverse=True)
    )
    return Signal("low_level", 0.0, text, quotes)


def away(evidence: Evidence, habit: Habit | None) -> Signal | None:
    """No job for longer than is usual for them, before it is too long for the rules."""
    if habit is None or not evidence.jobs:
        return None
    last = evidence.jobs[-1]
    usual = max(1, round(habit.usual_gap))
    if habit.waiting <= WORTH_SAYING * usual:
        return None
    text = f"No job for {plural(round(habit.waiting), 'day')}; usually every {usual}."
    quote = Quote(
        f"Last job {last.name}, {short_day(last.completed_at)}".replace(" ,", ","), last.completed_at, f"job/{last.id}"
    )
    return Signal("overdue", 0.0, text, (quote,), fades=False)
