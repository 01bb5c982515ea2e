"""Signs in what was promised: dates missed, jobs reopened, steps left out, calls not made; and contacts lost."""

from datetime import datetime, timedelta

from analysis.relationships.evidence import Evidence, JobDone, Person, Quote, Signal, Told, freshness
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural, short_day

LATE_POINTS, MOST_LATE_POINTS, LATE_WINDOW = 0.55, 1.6, timedelta(days=120)
LATE_FROM = 0.25  # jobs beyond what is usual
REOPENED_POINTS, MOST_REOPENED_POINTS = 0.9, 1.8
STEP_POINTS, MOST_STEP_POINTS, STEP_RESPONSES = 0.5, 1.8, 3
MOST_REPEATED_STEP_POINTS = 2.5  # missed in more than one answer: the promise is not kept, it was no slip
BROKEN_CALL_POINTS, MOST_BROKEN_CALL_POINTS = 1.8, 3.0
BROKEN_WORD_POINTS, NOT_FIXED_POINTS = 3.2, 3.2  # each is enough for a flag: the client was told otherwise
BOUNCED_POINTS, LEFT_POINTS, COMPLAINED_POINTS = 1.2, 1.5, 1.4
ONLY_CONTACT_POINTS = 0.8  # more when nobody else there can be reached


def late_jobs(evidence: Evidence, firm: FirmUsual, now: datetime) -> Signal | None:
    """Jobs finished after their promised date, beyond the share that is usual for the firm."""
    dated, late, points = _late(evidence, firm, now)
    if points <= 0:
        return None
    text = f"{len(late)} of the last {plural(len(dated), 'job')} done after the promised date."
    if len(dated) == 1:
        text = "The last job was done after the promised date."
    quotes = tuple(_late_quote(job) for job in reversed(late[-3:]))
    return Signal("late_jobs", points, text, quotes)


def late_points(evidence: Evidence, firm: FirmUsual, now: datetime) -> float:
    """The points of `late_jobs`, without its words."""
    return _late(evidence, firm, now)[2]


def _late(evidence: Evidence, firm: FirmUsual, now: datetime) -> tuple[list[JobDone], list[JobDone], float]:
    """(jobs with a promised date, those of them done after it, the points)."""
    dated = [
        job
        for job in evidence.jobs_since(now - LATE_WINDOW)
        if job.promised_at is not None and evidence.unsettled(job.completed_at)
    ]
    late = [job for job in dated if job.promised_at is not None and job.completed_at > job.promised_at]
    if not late:
        return dated, late, 0.0
    excess = sum(freshness(j.completed_at, now) for j in late) - firm.late_share * sum(
        freshness(j.completed_at, now) for j in dated
    )
    return dated, late, points_of(excess)


def points_of(excess: float) -> float:
    """Of so many late jobs, fresh ones, beyond what is usual."""
    return min(MOST_LATE_POINTS, LATE_POINTS * excess) if excess > LATE_FROM else 0.0


def lateness(evidence: Evidence, firm: FirmUsual) -> list[tuple[datetime, float]]:
    """How much each job adds, when it is fresh, to the late ones beyond what is usual."""
    return [
        (job.completed_at, (job.completed_at > job.promised_at) - firm.late_share)
        for job in evidence.jobs
        if job.promised_at is not None
    ]


def _late_quote(job: JobDone) -> Quote:
    promised = job.promised_at or job.completed_at
    words = f"{job.name or 'Job'}: promised {short_day(promised)}, done {short_day(job.completed_at)}"
    if short_day(promised) == short_day(job.completed_at):
        hours = (job.completed_at - promised).total_seconds() / 3600
        words = f"{job.name or 'Job'}: promised {short_day(promised)}, done {plural(max(1, round(hours)), 'hour')} late"
    return Quote(words, job.completed_at, f"job/{job.id}")


def reopened_jobs(evidence: Evidence, now: datetime) -> Signal | None:
    """Jobs that had to be opened again."""
    again = [
        (job, job.reopened_at)
        for job in evidence.jobs
        if job.reopened_at is not None and evidence.unsettled(job.reopened_at)
    ]
    points = sum(REOPENED_POINTS * evidence.weight(at, now) for _, at in again)
    if points < 0.1:
        return None
    text = "A job had to be opened again." if len(again) == 1 else f"{len(again)} jobs had to be opened again."
    quotes = tuple(
        Quote(f"{job.name or 'Job'} opened again, {short_day(at)}", at, f"job/{job.id}")
        for job, at in reversed(again[-3:])
    )
    return Signal("reopened_jobs", min(MOST_REOPENED_POINTS, points), text, quotes)


def missed_steps(evidence: Evidence, now: datetime) -> Signal | None:
    """Steps of the service promise that the client says did not happen, in the last answers that speak of them."""
    spoken = [response for response in evidence.responses if response.steps and evidence.unsettled(response.at)]
    points = 0.0
    missed: list[str] = []
    quotes: list[Quote] = []
    for response in reversed(spoken[-STEP_RESPONSES:]):
        for step, value in response.steps.items():
            if value < 0:
                points += STEP_POINTS * evidence.weight(response.at, now)
                text = evidence.step_texts.get(step, step.replace("_", " "))
                if text not in missed:
                    missed.append(text)
                quotes.append(Quote(f"{text}: no", response.at, f"response/{response.id}"))
    if points < 0.1:
        return None
    answers = {quote.source for quote in quotes}
    most = MOST_STEP_POINTS if len(answers) == 1 else MOST_REPEATED_STEP_POINTS
    said = "; ".join(f"“{text}”" for text in missed[:3])
    return Signal("missed_steps", min(most, points), f"They say you skipped: {said}.", tuple(quotes[:4]))


def broken_calls(evidence: Evidence, now: datetime) -> Signal | None:
    """Calls promised to the client and not made in time. A call made late still counts a little while."""
    points = 0.0
    broken: list[tuple[datetime, str, int]] = []
    for promise in evidence.promises:
        if promise.due_at > now or not evidence.unsettled(promise.due_at):
            continue
        if promise.kept_at is None:
            points += BROKEN_CALL_POINTS * freshness(promise.due_at, now)
            broken.append((promise.due_at, f"Call promised by {short_day(promise.due_at)}, none logged", promise.id))
    if not broken:
        return None
    text = "A promised call was not made." if len(broken) == 1 else f"{len(broken)} promised calls were not made."
    quotes = tuple(Quote(words, at, f"follow_up/{number}") for at, words, number in reversed(broken[-3:]))
    return Signal("broken_call", min(MOST_BROKEN_CALL_POINTS, points), text, quotes, fades=False)


def broken_word(evidence: Evidence, now: datetime) -> Signal | None:
    """They were told by when something happens; the day has passed, and they have heard nothing since."""
    late = [
        (told, told.due_at)
        for told in _latest(evidence)
        if not told.done and told.due_at is not None and told.due_at <= now and evidence.unsettled(told.due_at)
    ]
    if not late:
        return None
    due_at = max(at for _, at in late)
    day = short_day(due_at - timedelta(seconds=1))
    text = f"They were told it would be done by {day}, and have heard nothing since."
    quotes = tuple(
        Quote(other.text or f"Promised by {day}", at, f"response/{other.response_id}") for other, at in late[-3:]
    )
    points = BROKEN_WORD_POINTS * evidence.weight(due_at, now)
    return Signal("broken_word", points, text, quotes, fades=False)


def not_fixed(evidence: Evidence, now: datetime) -> Signal | None:
    """Asked whether what was done had fixed it, they said no."""
    open_ = [
        (told, told.fixed_at)
        for told in _latest(evidence)
        if told.fixed is False and told.fixed_at is not None and evidence.unsettled(told.fixed_at)
    ]
    if not open_:
        return None
    points = sum(NOT_FIXED_POINTS * evidence.weight(at, now) for _, at in open_)
    quotes = tuple(
        Quote(f"Told: {told.text} They: not fixed", at, f"response/{told.response_id}") for told, at in open_[-3:]
    )
    text = "They say that what you did has not fixed it."
    return Signal("not_fixed", min(1.5 * NOT_FIXED_POINTS, points), text, quotes)


def _latest(evidence: Evidence) -> list[Told]:
    """The last that the client was told of each of their answers."""
    return list({told.response_id: told for told in evidence.told}.values())


def main_contact(evidence: Evidence) -> Person | None:
    """The person the relationship hangs on: who decides, and of those the one with most of the last ten jobs."""
    recent = [job.contact_id for job in evidence.jobs[-10:]]
    return max(evidence.people, key=lambda person: (person.decides, recent.count(person.id), -person.id), default=None)


def lost_contact(evidence: Evidence, now: datetime) -> Signal | None:
    """The main contact left, their address bounces, or they marked our mail as spam.

    It fades while somebody else there can be reached; the only contact stays lost until there is another.
    """
    gone = any(person.left_at is not None or person.mail_block is not None for person in evidence.people)
    person = main_contact(evidence) if gone else None
    if person is None:
        return None
    others = any(p.id != person.id and p.left_at is None and p.mail_block is None for p in evidence.people)
    which = "Main" if others else "Only"
    name = person.name or "no name known"
    bounced_at = person.blocked_at if person.mail_block == "bounced" else None
    complained_at = person.blocked_at if person.mail_block == "complained" else None
    kinds = [
        (person.left_at, LEFT_POINTS, f"{which} contact has left: {name}."),
        (bounced_at, BOUNCED_POINTS, f"{which} contact’s address bounces: {name}."),
        (complained_at, COMPLAINED_POINTS, f"{which} contact marked your email as spam: {name}."),
    ]
    for at, points, text in kinds:
        if at is not None and at <= now and evidence.unsettled(at):
            points += 0.0 if others else ONLY_CONTACT_POINTS
            quote = Quote(f"{text[:-1]}, {short_day(at)}", at, f"contact/{person.id}")
            return Signal("lost_contact", points * (freshness(at, now) if others else 1.0), text, (quote,), others)
    return None
