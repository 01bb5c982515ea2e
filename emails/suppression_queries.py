"""What the desk and the commands read about addresses that are left alone."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from emails.models import Suppression, SuppressionReason
from survey.paging import PAGE_SIZE, Page


def list_suppressions(
    session: Session, search: str, number: int, *, reason: SuppressionReason | None = None, history: bool = False
) -> Page[Suppression]:
    """Stops in force, or with `history` those that were lifted, whose address contains `search`, the newest first."""
    query = _wanted(search, reason, history=history)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    latest = Suppression.lifted_at if history else Suppression.created_at
    newest = query.order_by(latest.desc(), Suppression.id.desc())
    return Page(session.scalars(newest.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all(), number, total)


def all_suppressions(session: Session, search: str, *, history: bool) -> Sequence[Suppression]:
    """Every stop in force whose address contains `search`, and with `history` those lifted after them; newest first."""
    found: list[Suppression] = []
    for lifted in (False, True) if history else (False,):
        found += session.scalars(_wanted(search, None, history=lifted).order_by(Suppression.id.desc()))
    return found


def count_by_reason(session: Session) -> dict[SuppressionReason, int]:
    """How many stops are in force for each reason."""
    query = select(Suppression.reason, func.count()).where(Suppression.lifted_at.is_(None)).group_by(Suppression.reason)
    counts = dict.fromkeys(SuppressionReason, 0)
    for reason, count in session.execute(query):
        counts[reason] = count
    return counts


def as_dict(row: Suppression) -> dict[str, Any]:
    """One stop as the commands print it."""
    return {
        "email": row.email,
        "scope": row.scope.value,
        "reason": row.reason.value,
        "source": row.source,
        "evidence": row.evidence,
        "since": row.created_at.isoformat(),
        "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
        "lifted_why": row.lifted_why,
    }


def _wanted(search: str, reason: SuppressionReason | None, *, history: bool) -> Select[Suppression]:
    query = select(Suppression)
    query = query.where(Suppression.lifted_at.is_not(None) if history else Suppression.lifted_at.is_(None))
    if reason is not None:
        query = query.where(Suppression.reason == reason)
    return query.where(Suppression.email.icontains(search, autoescape=True)) if search else query
