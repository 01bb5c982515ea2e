"""The ladder's rules in force, who set them when and why, and who would move under others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from analysis.models import LadderRuleSet
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules, RuleChange, checked_rules, rule_changes
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client

NOTE_LENGTH = 300
HISTORY = 30


@dataclass(frozen=True)
class RulesInForce:
    """The rules and the row that they come from; None: as delivered."""

    rules: LadderRules
    row_id: int | None


def rules_in_force(session: Session) -> RulesInForce:
    """What the ladder goes by now."""
    row = latest_rules(session)
    return RulesInForce(checked_rules(row.rules), row.id) if row else RulesInForce(DEFAULT_RULES, None)


def latest_rules(session: Session) -> LadderRuleSet | None:
    """The newest set, with who set it."""
    newest = select(LadderRuleSet).options(joinedload(LadderRuleSet.set_by)).order_by(LadderRuleSet.id.desc()).limit(1)
    return session.scalar(newest)


def rules_of(session: Session, row_id: int | None) -> LadderRules:
    """The rules of one set; as delivered without one."""
    row = session.get(LadderRuleSet, row_id) if row_id is not None else None
    return checked_rules(row.rules) if row else DEFAULT_RULES


def save_rules(
    session: Session, values: Mapping[str, Any], note: str, user_id: int | None, now: datetime
) -> LadderRuleSet:
    """Put these rules in force. Everybody is scored again; whom only the rules move is neither won nor lost.

    Raises:
        InvalidInputError: a number outside its bounds or at odds with another one, or a note that is too long.
        ConflictError: they are in force already.
    """
    rules, note = checked_rules(values), note.strip()
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"Please keep the note under {NOTE_LENGTH} characters.", "note")
    if rules == rules_in_force(session).rules:
        raise ConflictError("These rules are in force already: nothing has changed.")
    row = LadderRuleSet(rules=rules.as_dict(), note=note, set_at=now, set_by_id=user_id)
    session.add(row)
    session.execute(update(Client).values(evidence_version=Client.evidence_version + 1))
    session.flush()
    return row


def undo_rules(session: Session, row: LadderRuleSet, user_id: int | None, now: datetime) -> LadderRuleSet:
    """Put back what was in force before `row`, as a set of its own: the history stays whole.

    Raises:
        ConflictError: other rules have been saved since.
    """
    newest = latest_rules(session)
    if newest is None or newest.id != row.id:
        raise ConflictError("Other rules have been saved since, so these can no longer be undone.")
    before = session.scalar(
        select(LadderRuleSet).where(LadderRuleSet.id < row.id).order_by(LadderRuleSet.id.desc()).limit(1)
    )
    rules = checked_rules(before.rules) if before else DEFAULT_RULES
    return save_rules(session, rules.as_dict(), "Undone", user_id, now)


@dataclass(frozen=True)
class RuleEdit:
    """One entry of the history: the set, and what it changed."""

    row: LadderRuleSet
    changes: list[RuleChange]

    @property
    def is_default(self) -> bool:
        return checked_rules(self.row.rules) == DEFAULT_RULES


def rule_history(session: Session) -> list[RuleEdit]:
    """The latest edits, newest first."""
    rows: Sequence[LadderRuleSet] = session.scalars(
        select(LadderRuleSet)
        .options(joinedload(LadderRuleSet.set_by))
        .order_by(LadderRuleSet.id.desc())
        .limit(HISTORY + 1)
    ).all()
    rules = [checked_rules(row.rules) for row in rows] + [DEFAULT_RULES]
    edits = [RuleEdit(row, rule_changes(rules[place + 1], rules[place])) for place, row in enumerate(rows)]
    return edits[:HISTORY]
