"""From an email that came back to a comment on a job, a stop, or a question to a person.

Stored first, whatever it says; the worker looks at it afterwards. What is not sure waits for a person.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails.models import EmailAttempt, EmailMessage, SuppressionReason
from emails.replies import address, meaning
from emails.replies.form import LONGEST_BODY, Inbound
from emails.replies.markup import as_text
from emails.replies.models import Reply, ReplyState
from emails.replies.stripping import own_words, without_links
from emails.suppressions import suppress
from survey import responses
from survey.config import Settings
from survey.db import insert_or_ignore, row_by_id
from survey.errors import ConflictError, InvalidInputError
from survey.models import Answer, Contact, Invitation
from survey.questionnaires.logic import rating as rating_of

log = structlog.get_logger()

# Two people at one of these are no colleagues, so the domain says nothing about whom a stranger works with.
_FREE_MAIL = re.compile(
    r"(gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|icloud|me|mac|gmx|aol|proton|protonmail|web|t-online|orange|"
    r"free|wanadoo|laposte|libero|telefonica|terra|uol|bol|sapo|ziggo|kpnmail|planet|hetnet|mail)\.[a-z.]{2,6}"
)
WAITS = (ReplyState.QUARANTINED, ReplyState.DISMISSED)  # a person may still take these as comments


def store(session: Session, inbound: Inbound, now: datetime) -> bool:
    """Keep an email that came in. False if this copy of it is here already."""
    row = {
        "once_key": inbound.once_key,
        "received_at": now,
        "from_email": inbound.from_email,
        "from_name": inbound.from_name,
        "to_email": inbound.recipients[0] if inbound.recipients else "",
        "subject": inbound.subject,
        "headers": {**inbound.headers, "to": list(inbound.recipients), "answers": list(inbound.answers_to)[:20]},
        "body": without_links(inbound.text.strip() or as_text(inbound.html))[:LONGEST_BODY],
        "own_words": without_links(own_words(inbound.text, inbound.html)),
        "attachments": inbound.attachments,
        "authentic": inbound.authentic is not False,
        "state": ReplyState.RECEIVED,
        "why": "",
    }
    return insert_or_ignore(session, Reply, [row]) == 1


def waiting(session: Session, limit: int = 100) -> list[Reply]:
    """Replies that nobody has looked at, locked for this transaction."""
    query = select(Reply).where(Reply.state == ReplyState.RECEIVED).order_by(Reply.id).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def process(session: Session, reply: Reply, settings: Settings, now: datetime) -> None:
    """Decide what a reply is, and let it count."""
    reply.processed_at = now
    reply.invitation = _invitation_of(session, reply, settings)
    automatic = meaning.is_automatic(_header_values(reply), reply.from_email, reply.subject, reply.own_words)
    if automatic:
        _settle(reply, ReplyState.AUTOMATIC, automatic)
    elif doubt := _doubt(reply):
        _settle(reply, ReplyState.QUARANTINED, doubt)
        log.warning("a reply waits for a person", reply_id=reply.id)
    else:
        _take(session, reply, now)
    session.flush()


def quarantine(reply: Reply, why: str, now: datetime) -> None:
    """Leave a reply to a person: looking at it failed."""
    reply.processed_at = now
    _settle(reply, ReplyState.QUARANTINED, why)


def accept(
    session: Session, reply_id: int, user_id: int | None, now: datetime, invitation_id: int | None = None
) -> Reply:
    """A person vouches for a reply: it counts like any other. `invitation_id` names the survey where none was found.

    Raises:
        NotFoundError: no such reply or invitation.
        ConflictError: it counts already.
        InvalidInputError: it is not known which survey it is about.
    """
    reply = _undecided(session, reply_id)
    if invitation_id is not None:
        reply.invitation = row_by_id(session, Invitation, invitation_id, "There is no survey with this number.")
    if reply.invitation is None:
        raise InvalidInputError("Say which survey it is about.", "invitation")
    _take(session, reply, now)
    reply.decided_by_id, reply.decided_at = user_id, now
    session.flush()
    return reply


def dismiss(session: Session, reply_id: int, user_id: int | None, now: datetime) -> Reply:
    """A person says that a reply counts for nothing. It stays readable.

    Raises:
        NotFoundError: no such reply.
        ConflictError: it counts already.
    """
    reply = _undecided(session, reply_id)
    _settle(reply, ReplyState.DISMISSED, reply.why)
    reply.decided_by_id, reply.decided_at = user_id, now
    session.flush()
    return reply


def candidates(session: Session, reply: Reply, limit: int = 5) -> Sequence[Invitation]:
    """Surveys that the sender of a reply may mean, by their address or its domain, the newest first."""
    query = select(Invitation).join(Contact, Contact.id == Invitation.contact_id).where(Invitation.sent_at.is_not(None))
    newest = query.order_by(Invitation.sent_at.desc(), Invitation.id.desc()).limit(limit)
    same = session.scalars(newest.where(func.lower(Contact.email) == reply.from_email)).all()
    domain = reply.from_email.rpartition("@")[2]
    if same or _FREE_MAIL.fullmatch(domain):
        return same
    return session.scalars(newest.where(Contact.email.iendswith(f"@{domain}", autoescape=True))).all()


def _undecided(session: Session, reply_id: int) -> Reply:
    reply = row_by_id(session, Reply, reply_id, "There is no reply with this number.", lock=True)
    if reply.state not in WAITS:
        raise ConflictError("This reply was settled already.")
    return reply


def _invitation_of(session: Session, reply: Reply, settings: Settings) -> Invitation | None:
    """The survey that a reply answers: by the address it came to, else by the message that it names."""
    found = address.find(reply.headers.get("to", []), settings.inbound_domain)
    if found is not None:
        invitation = session.get(Invitation, found.invitation_id)
        if invitation is not None and found.is_ours(settings.secret_key or "", invitation.seed):
            return invitation
    attempts = [name.partition("@")[0] for name in reply.headers.get("answers", [])]
    query = (
        select(EmailMessage.invitation_id)
        .join(EmailAttempt, EmailAttempt.message_id == EmailMessage.id)
        .where(EmailAttempt.id.in_(attempts), EmailMessage.invitation_id.is_not(None))
        .order_by(EmailAttempt.started_at.desc())
    )
    named = session.scalars(query.limit(1)).first()
    return session.get(Invitation, named) if named else None


def _doubt(reply: Reply) -> str | None:
    """Why a person must look, or None."""
    if reply.invitation is None:
        return "It answers none of our emails that we know of."
    contact = reply.invitation.contact
    if reply.from_email != contact.email.lower():
        return f"{reply.from_email} wrote, but we asked {contact.email}."
    if not reply.authentic:
        return "The provider could not confirm that it comes from where it says."
    return None


def _take(session: Session, reply: Reply, now: datetime) -> None:
    assert reply.invitation is not None
    words, invitation = reply.own_words, reply.invitation
    if meaning.wants_to_stop(reply.subject, words):
        source = f"their reply {reply.id} to the survey {invitation.id}"
        suppress(
            session, invitation.contact.email, SuppressionReason.UNSUBSCRIBED, source, now, evidence={"reply": reply.id}
        )
        words = meaning.without_wish(words)
        _settle(reply, ReplyState.STOP, "It asks us to stop.")
    elif not words:
        _settle(reply, ReplyState.EMPTY, "Nothing but quoted text and a signature is in it.")
    else:
        _settle(reply, ReplyState.COMMENT, "")
    if not words:
        return
    reply.answer = responses.add_reply(session, invitation, words, now)
    if reply.answer is None and reply.state is ReplyState.COMMENT:
        _settle(reply, ReplyState.EMPTY, "An earlier reply says the same.")
    _count_rating(session, invitation, reply.answer, now)


def _count_rating(session: Session, invitation: Invitation, answer: Answer | None, now: datetime) -> None:
    """A rating that cannot be misread counts where none was given; it never takes the place of another."""
    value = meaning.rating(answer.text or "") if answer is not None else None
    given = responses.answers_of(responses.find_response(session, invitation))
    if value is not None and rating_of(given) is None and responses.is_open(invitation, now):
        responses.submit(session, invitation, {"csat": value}, {}, now)


def _header_values(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if isinstance(value, str)}


def _settle(reply: Reply, state: ReplyState, why: str) -> None:
    reply.state, reply.why = state, why[:300]
