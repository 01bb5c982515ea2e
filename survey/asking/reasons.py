"""Why a survey goes out when it does, for one closing: loads what the words need. For `explain` and the desk."""

from sqlalchemy.orm import Session

from survey.asking.deciding import WAITING, House
from survey.asking.eligibility import Verdict
from survey.asking.pausing import current_pause
from survey.asking.timing import Reminding, Timing, pause_verdict, reminder_verdict, when_verdicts
from survey.models import InvitationState, Resolution


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
