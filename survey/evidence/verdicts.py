"""The verdict on each link, kept beside the evidence so that pages need not judge every visit again.

Whoever records a visit marks its link in the same transaction; the worker judges what is marked. A page takes the
verdicts that stand and judges the few marked links itself, so what it says is always what the evidence says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from survey.evidence.links import Found, on_link
from survey.evidence.marks import INSERT
from survey.evidence.records import visits_of
from survey.models import Invitation, LinkSeen, LinkVerdict

AT_ONCE = 500  # links judged together
WAITING = select(LinkVerdict.invitation_id).where(LinkVerdict.stale)  # the links that wait to be judged
_TABLE = cast("Table", LinkVerdict.__table__)
_FOUND = ("stale", "seen", "pages", "clicked", "clicked_value", "clicked_at")


def renew(session: Session, _now: datetime, limit: int = 2_000) -> int:
    """Judge links that are marked, those that nobody is adding to at this moment; returns how many."""
    marked = (
        select(LinkVerdict.invitation_id)
        .where(LinkVerdict.stale)
        .order_by(LinkVerdict.invitation_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    links = session.scalars(marked).all()
    keep(session, links)
    return len(links)


def keep(session: Session, links: Sequence[int]) -> None:
    """Judge these links and keep what was found."""
    statement = INSERT[session.get_bind().dialect.name](_TABLE)
    upsert = statement.on_conflict_do_update(
        index_elements=["invitation_id"], set_={name: statement.excluded[name] for name in _FOUND}
    )
    for start in range(0, len(links), AT_ONCE):
        rows = [_row(link, found) for link, found in found_on(session, links[start : start + AT_ONCE]).items()]
        session.execute(upsert, rows)


def found_on(session: Session, links: Sequence[int]) -> Mapping[int, Found]:
    """What the evidence of these links amounts to, judged now."""
    found: dict[int, Found] = {}
    columns = Invitation.id, Invitation.sent_at, Invitation.delivered_at, Invitation.reminded_at
    for start in range(0, len(links), AT_ONCE):
        chunk = links[start : start + AT_ONCE]
        visits = visits_of(session, chunk)
        for link, *sent in session.execute(select(*columns).where(Invitation.id.in_(chunk))):
            found[link] = on_link(visits[link], sent)
    return found


def _row(link: int, found: Found) -> dict[str, Any]:
    click = found.click
    return {
        "invitation_id": link,
        "stale": False,
        "seen": LinkSeen.PERSON if found.by_person else LinkSeen.MACHINE,
        "pages": " ".join(found.pages),
        "clicked": click.question if click else None,
        "clicked_value": click.value if click else None,
        "clicked_at": click.at if click else None,
    }
