"""Why a client who looks bad has no flag: what is there, how far it is from a flag, what would raise one, or what was
done about it already."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.desk.words import OUTCOME_WORDS
from analysis.models import Flag, FlagStatus, FollowUp, FollowUpKind, Outcome, RelationshipState, Rung
from analysis.relationships.evidence import AFTER_CONTACT, freshness
from analysis.relationships.record import record_from
from analysis.relationships.risk import total_points
from analysis.relationships.signals import QUIET_DAYS_AFTER_SETTLEMENT
from analysis.relationships.unflagged import Gap, gap
from analysis.relationships.wording import plural, short_day
from survey.models import Client

FADED = 0.7  # an answer that weighs less than this share of a fresh one is worth a word
CONTACT_REMEMBERED = timedelta(days=180)


@dataclass(frozen=True, kw_only=True)
class WhyNot:
    """What looks bad, what has been done or speaks against a flag, and how far it is to one.

    `gap` is None for a client who is never flagged or was never scored; `short` is the line for a list.
    """

    looks_bad: str
    why: list[str]
    gap: Gap | None

    @property
    def short(self) -> str:
        if self.why or self.gap is None:
            return self.why[0] if self.why else ""
        signs = f"Signs {self.gap.points:.1f} of {self.gap.needed:.1f} points"
        if self.gap.loss is None:
            return f"{signs}."
        return f"{signs}, chance of loss {self.gap.loss:.0%} of {self.gap.loss_needed:.0%}."


def why_not(session: Session, client: Client, state: RelationshipState | None, now: datetime) -> WhyNot:
    """Why this client, who has no live flag, has none."""
    if client.internal:
        return WhyNot(looks_bad="", why=["Marked as yours: never surveyed and never flagged."], gap=None)
    if state is None:
        return WhyNot(looks_bad="", why=["Not scored yet: the worker has not come to them."], gap=None)
    why = [*_standing(state, now), *_dealt_with(session, client.id, state.looks_bad_at, now)]
    kept = record_from(state.inputs)
    points = total_points(kept.found) if kept else sum(float(signal.get("strength", 0)) for signal in state.signals)
    found = gap(points, kept.shift if kept else 0.0, state.risk, state.too_little)
    if any(signal.doubtful for signal in kept.found) if kept else False:
        why.append("Some of it rests on words whose reading is unsure: they support a flag, and raise none.")
    return WhyNot(looks_bad=state.looks_bad, why=why, gap=found)


def distance(found: Gap) -> str:
    """How far it is to a flag, by both doors, in one sentence or two."""
    said = f"What was said and done comes to {found.points:.1f} of the {found.needed:.1f} points that raise a flag."
    if found.loss is None:
        return said
    return f"{said} The chance of losing them is {found.loss:.0%}; a flag begins at {found.loss_needed:.0%}."


def _dealt_with(session: Session, client_id: int, bad_at: datetime | None, now: datetime) -> list[str]:
    """What people and time have done about what was known: the last flag's end, and the last contact.

    What ended before the bad thing happened (`bad_at`) explains nothing.
    """
    flag = session.scalar(
        select(Flag).where(Flag.client_id == client_id, Flag.closed_at.is_not(None)).order_by(Flag.closed_at.desc())
    )
    lines = []
    explains = flag is not None and flag.closed_at is not None and (bad_at is None or flag.closed_at >= bad_at)
    if flag is None or flag.closed_at is None or not explains:
        return _contact(session, client_id, bad_at, now)
    rests = flag.closed_at + timedelta(days=QUIET_DAYS_AFTER_SETTLEMENT)
    if flag.status is FlagStatus.RESOLVED and (bad_at is not None or now < rests):
        outcome = session.scalar(select(Outcome).where(Outcome.flag_id == flag.id))
        done = session.scalar(
            select(FollowUp)
            .where(FollowUp.flag_id == flag.id, FollowUp.kind == FollowUpKind.RESOLVED, FollowUp.undone_at.is_(None))
            .options(joinedload(FollowUp.user))
        )
        by = f" by {done.user.display_name}" if done is not None and done.user else ""
        came = f" ({OUTCOME_WORDS[outcome.result].lower()})" if outcome else ""
        lines.append(f"Resolved on {short_day(flag.closed_at)}{by}{came}: what was known by then is dealt with.")
        if now < rests:
            lines.append(f"Silence and overdue jobs rest until {short_day(rests)}, after the flag that was closed.")
    elif flag.status is FlagStatus.CLEARED:
        lines.append(flag.clears_if)
    return [*lines, *_contact(session, client_id, bad_at, now)]


def _contact(session: Session, client_id: int, bad_at: datetime | None, now: datetime) -> list[str]:
    spoken = session.scalar(
        select(FollowUp)
        .where(
            FollowUp.client_id == client_id,
            FollowUp.kind == FollowUpKind.CONTACTED,
            FollowUp.undone_at.is_(None),
            FollowUp.at > max(now - CONTACT_REMEMBERED, bad_at or now - CONTACT_REMEMBERED),
        )
        .order_by(FollowUp.at.desc())
        .options(joinedload(FollowUp.user))
    )
    if spoken is None:
        return []
    who = spoken.user.display_name if spoken.user else "Somebody"
    return [f"{who} spoke with them on {short_day(spoken.at)}: what was said before weighs {AFTER_CONTACT:.0%} since."]


def _standing(state: RelationshipState, now: datetime) -> list[str]:
    """What the state itself says: lapsed, too little known, old words."""
    lines = []
    if state.rung is Rung.LAPSED:
        lines.append(f"They have lapsed. {state.rung_reason} A flag would come too late.")
    if state.too_little:
        lines.append(f"{state.too_little} The chance of losing them is not judged yet.")
    if state.last_answer_at is not None and state.looks_bad.startswith(("Last answer", "Unhappy comment")):
        left, age = freshness(state.last_answer_at, now), (now - state.last_answer_at).days
        if left < FADED:
            lines.append(f"Their last answer is {plural(age, 'day')} old and weighs {left:.0%} of a fresh one.")
    return lines
