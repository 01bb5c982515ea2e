"""What the desk and the commands read about replies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from emails.replies.models import Reply, ReplyState
from survey.db import row_by_id
from survey.models import Invitation, Resolution
from survey.paging import PAGE_SIZE, Page

_WHOLE = (
    joinedload(Reply.invitation).joinedload(Invitation.contact),
    joinedload(Reply.invitation).joinedload(Invitation.client),
    joinedload(Reply.invitation).joinedload(Invitation.resolution).joinedload(Resolution.job),
)


def list_replies(session: Session, state: ReplyState | None, search: str, number: int) -> Page[Reply]:
    """Replies in a state (None: all) whose sender or words contain `search`, the newest first."""
    query = select(Reply)
    if state is not None:
        query = query.where(Reply.state == state)
    if search:
        query = query.where(
            or_(
                Reply.from_email.icontains(search, autoescape=True),
                Reply.from_name.icontains(search, autoescape=True),
                Reply.own_words.icontains(search, autoescape=True),
            )
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.options(*_WHOLE).order_by(Reply.received_at.desc(), Reply.id.desc())
    return Page(session.scalars(newest.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all(), number, total)


def count_states(session: Session) -> dict[ReplyState, int]:
    """How many replies are in each state."""
    counts = dict.fromkeys(ReplyState, 0)
    for state, count in session.execute(select(Reply.state, func.count()).group_by(Reply.state)):
        counts[state] = count
    return counts


def all_replies(session: Session, state: ReplyState | None) -> Sequence[Reply]:
    """Every reply, or every one in a state, the newest first."""
    query = select(Reply).order_by(Reply.id.desc())
    return session.scalars(query if state is None else query.where(Reply.state == state)).all()


def get_reply(session: Session, reply_id: int) -> Reply:
    """One reply.

    Raises:
        NotFoundError: there is none with this id.
    """
    return row_by_id(session, Reply, reply_id, "There is no reply with this number.")


def as_dict(reply: Reply) -> dict[str, Any]:
    """One reply as the commands print it."""
    return {
        "id": reply.id,
        "received_at": reply.received_at.isoformat(),
        "from": reply.from_email,
        "subject": reply.subject,
        "state": reply.state.value,
        "why": reply.why,
        "own_words": reply.own_words,
        "invitation_id": reply.invitation_id,
        "answer_id": reply.answer_id,
        "attachments": reply.attachments,
    }
