"""The versions of the survey rules: what a change would do, saving it, who saved what and why, and the way back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from survey.asking.deciding import House, house_of, load_house, rules_of, shares_now
from survey.asking.reweighing import Effect, Reweighed, apply_all, reweigh
from survey.asking.rules import RuleChange, SurveyRules, check_rules, rule_changes
from survey.asking.schedule import zone_for
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.models import Firm, SurveyRuleSet

NOTE_LENGTH = 300
HISTORY = 30
NAMED = 20  # surveys listed by name in a preview
FIRST_NOTE = "The rules before the first change"


@dataclass(frozen=True)
class DayShift:
    """How many surveys go out on a day of the firm's calendar, before and after a change."""

    day: date
    before: int
    after: int


@dataclass(frozen=True)
class Preview:
    """What other rules would change."""

    changes: list[RuleChange]
    counts: dict[Effect, int]
    days: list[DayShift]  # only days on which the number differs
    named: list[Reweighed]  # the first of them
    waiting: int  # surveys that were looked at

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class RuleEdit:
    """One version and what it changed."""

    row: SurveyRuleSet
    changes: list[RuleChange]


def preview_rules(session: Session, rules: SurveyRules, now: datetime) -> Preview:
    """What `rules` would change for everything that waits. Writes nothing.

    Raises:
        InvalidInputError: under them a survey could never go out.
    """
    firm = get_firm(session)
    check_rules(rules, now.astimezone(zone_for(firm.timezone)).date())
    weighed = reweigh(session, load_house(session), _house_under(session, firm, rules), now)
    affected = [found for effect in _ORDER for found in weighed if found.effect is effect]
    return Preview(
        rule_changes(rules_of(firm), rules),
        dict(Counter(found.effect for found in affected if found.effect)),
        _shifts(affected, zone_for(firm.timezone)),
        affected[:NAMED],
        len(weighed),
    )


_ORDER = (Effect.SKIPPED, Effect.INCLUDED, Effect.HELD, Effect.RESUMED, Effect.MOVED)


def _house_under(session: Session, firm: Firm, rules: SurveyRules) -> House:
    columns = {column.key: getattr(firm, column.key) for column in Firm.__table__.columns}
    return house_of(Firm(**{**columns, **rules.columns()}), shares_now(session))


def _shifts(affected: Sequence[Reweighed], zone: tzinfo) -> list[DayShift]:
    before = Counter(
        found.before.astimezone(zone).date()
        for found in affected
        if found.effect in (Effect.MOVED, Effect.SKIPPED, Effect.HELD)
    )
    after = Counter(
        found.due_at.astimezone(zone).date()
        for found in affected
        if found.effect in (Effect.MOVED, Effect.INCLUDED, Effect.RESUMED)
    )
    days = sorted(day for day in before.keys() | after.keys() if before[day] != after[day])
    return [DayShift(day, before[day], after[day]) for day in days]


def save_rules(
    session: Session, rules: SurveyRules, user_id: int | None, now: datetime, note: str = ""
) -> tuple[SurveyRuleSet, int]:
    """Put these rules in force and decide again about what waits. Returns the version and how many surveys changed.

    Raises:
        InvalidInputError: under them a survey could never go out, or the note is too long.
        ConflictError: they are in force already.
    """
    firm, note = get_firm(session), note.strip()
    check_rules(rules, now.astimezone(zone_for(firm.timezone)).date())
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"Please keep the note under {NOTE_LENGTH} characters.", "note")
    before, shares = rules_of(firm), shares_now(session)
    old = house_of(firm, shares)
    if rules == before:
        raise ConflictError("These rules are in force already: nothing has changed.")
    if session.scalar(select(SurveyRuleSet.id).limit(1)) is None:
        session.add(SurveyRuleSet(rules=before.as_dict(), note=FIRST_NOTE, set_at=firm.updated_at or now))
        session.flush()
    for name, value in rules.columns().items():
        setattr(firm, name, value)
    firm.updated_at = now
    row = SurveyRuleSet(rules=rules.as_dict(), note=note, set_at=now, set_by_id=user_id)
    session.add(row)
    session.flush()
    weighed = reweigh(session, old, house_of(firm, shares), now)
    apply_all(session, weighed, now)
    return row, sum(1 for found in weighed if found.effect)


def undo_rules(session: Session, row: SurveyRuleSet, user_id: int | None, now: datetime) -> SurveyRuleSet:
    """Put back what was in force before `row`, as a version of its own: the history stays whole.

    Raises:
        ConflictError: other rules have been saved since, or there is nothing before it.
    """
    newest = session.scalars(select(SurveyRuleSet).order_by(SurveyRuleSet.id.desc()).limit(2)).all()
    if len(newest) < 2 or newest[0].id != row.id:
        raise ConflictError("Other rules have been saved since, so these can no longer be undone.")
    return save_rules(session, SurveyRules.of(newest[1].rules), user_id, now, "Undone")[0]


def rule_history(session: Session) -> list[RuleEdit]:
    """The latest versions, newest first, each with what it changed."""
    newest = select(SurveyRuleSet).options(joinedload(SurveyRuleSet.set_by)).order_by(SurveyRuleSet.id.desc())
    rows = session.scalars(newest.limit(HISTORY + 1)).all()
    rules = [SurveyRules.of(row.rules) for row in rows]
    edits = [
        RuleEdit(row, rule_changes(rules[place + 1], rules[place]) if place + 1 < len(rules) else [])
        for place, row in enumerate(rows)
    ]
    return edits[:HISTORY]
