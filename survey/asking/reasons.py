"""Why a survey goes out, and when it does, for one closing: loads what the words need."""

from datetime import datetime

from sqlalchemy.orm import Session

from survey.asking.deciding import WAITING, House, decide_now, load_house
from survey.asking.pausing import current_pause
from survey.asking.terms import Verdict
from survey.asking.timing import Reminding, Timing, pause_verdict, reminder_verdict, when_verdicts
from survey.models import InvitationState, Resolution


def explain(session: Session, resolution: Resolution, now: datetime) -> list[Verdict]:
    """Every rule's verdict: as it was when the survey went out or was skipped; asked afresh while it waits.

    The rules of the schedule follow: when the email goes out and why then; of one that is out, whether a reminder does.
    """
    invitation, house = resolution.invitation, load_house(session)
    timing = timing_verdicts(session, resolution, house)
    if invitation is not None and invitation.state not in WAITING:
        return [*(Verdict(item["rule"], item["passed"], item["why"]) for item in invitation.verdicts), *timing]
    due_at = invitation.due_at if invitation else house.due_at(resolution)
    forced = invitation is not None and invitation.forced_by_id is not None
    return [*decide_now(session, resolution, house, now, at=due_at, forced=forced).verdicts, *timing]


def timing_verdicts(session: Session, resolution: Resolution, house: House) -> list[Verdict]:
    """The schedule's verdicts: of a survey that waits or is not decided yet, when and why then; of one that is out and
    unanswered, whether a reminder follows; of any other, none."""
    invitation, job = resolution.invitation, resolution.job
    place = house.place(job.contact)
    if invitation is not None and invitation.state is InvitationState.SENT:
        return [
            reminder_verdict(
                Reminding(
                    planned=len(house.reminder_days),
                    sent=invitation.reminders_sent,
                    due_at=invitation.reminder_due_at,
                    delivered_at=invitation.delivered_at,
                    place=place,
                )
            )
        ]
    if invitation is not None and invitation.state not in WAITING:
        return []
    pause = current_pause(session)
    timing = Timing(
        completed_at=resolution.completed_at,
        kind=job.kind,
        delay_hours=house.policy.delay_for(job.kind),
        own_delay=job.kind.casefold() in house.policy.kind_delays,
        due_at=invitation.due_at if invitation else house.due_at(resolution),
        hours=house.hours,
        place=place,
        where=str(place.zone).rpartition("/")[2].replace("_", " "),
    )
    return [
        *when_verdicts(timing),
        pause_verdict(pause.paused_at if pause else None, pause.why if pause else "", place),
    ]
