"""Whether every email went out exactly once: the engine's own rows against the provider's ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import EmailAttempt, EmailMessage
from emails.rehearsal.ledger import SentMail


@dataclass(frozen=True)
class Verdict:
    """What was found. `wrong` is empty if every promise was kept; else one sentence for each that was not."""

    messages: int
    taken: int
    states: dict[str, int]
    wrong: list[str] = field(default_factory=list)


def judge(session: Session, mails: Sequence[SentMail], *, settled: bool) -> Verdict:
    """Compare the outbox with what the provider took.

    `settled`: every event was delivered and processed, so nothing that was taken may still be unclear.
    """
    states = {
        EmailState(state): count
        for state, count in session.execute(select(EmailMessage.state, func.count()).group_by(EmailMessage.state))
    }
    by_attempt = {
        attempt: (message, state)
        for attempt, message, state in session.execute(
            select(EmailAttempt.id, EmailMessage.id, EmailMessage.state).join(
                EmailMessage, EmailMessage.id == EmailAttempt.message_id
            )
        )
    }
    wrong = []
    strangers = [mail for mail in mails if mail.attempt_id not in by_attempt]
    if strangers:
        wrong.append(f"{len(strangers)} were taken of which no try is written down.")
    copies = Counter(by_attempt[mail.attempt_id][0] for mail in mails if mail.attempt_id in by_attempt)
    if doubled := [message for message, count in copies.items() if count > 1]:
        wrong.append(f"{len(doubled)} were taken more than once: emails {_some(doubled)}.")
    accepted = set(session.scalars(select(EmailMessage.id).where(EmailMessage.state == EmailState.ACCEPTED)))
    if unfounded := sorted(accepted - set(copies)):
        wrong.append(f"{len(unfounded)} count as accepted, but were never taken: emails {_some(unfounded)}.")
    if settled and (unsettled := sorted(set(copies) - accepted)):
        wrong.append(f"{len(unsettled)} were taken, and events say so, but do not count: emails {_some(unsettled)}.")
    if settled and (held := states.get(EmailState.CLAIMED, 0) + states.get(EmailState.SENDING, 0)):
        wrong.append(f"{held} are still held by workers that are gone.")
    total = session.scalar(select(func.count()).select_from(EmailMessage)) or 0
    return Verdict(total, len(mails), {state.value: count for state, count in states.items()}, wrong)


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers[:5])
