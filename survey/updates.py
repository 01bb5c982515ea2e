"""What becomes of an answer, as its client sees it: seen, doing, done; and whether that fixed it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Client, ClientUpdate, Resolution, SurveyResponse, UpdateStage
from survey.questionnaires.answering import clean_text

LONGEST = 500  # characters of what a client reads
_ORDER = (UpdateStage.SEEN, UpdateStage.DOING, UpdateStage.DONE)


@dataclass(frozen=True)
class Progress:
    """The updates of one response that stand, oldest first."""

    updates: tuple[ClientUpdate, ...] = ()

    @property
    def latest(self) -> ClientUpdate | None:
        return self.updates[-1] if self.updates else None

    @property
    def reached(self) -> Collection[UpdateStage]:
        """The stages up to the latest one: a job that is done was seen, whether or not somebody said so."""
        return () if self.latest is None else _ORDER[: _ORDER.index(self.latest.stage) + 1]

    @property
    def asks(self) -> bool:
        """Whether the client is asked if that fixed it."""
        return self.latest is not None and self.latest.stage is UpdateStage.DONE and self.latest.fixed is None

    def is_late(self, today: date) -> bool:
        """Whether the day has passed by which the firm promised the next step."""
        latest = self.latest
        return bool(latest and latest.stage is not UpdateStage.DONE and latest.by and latest.by < today)


def progress_of(session: Session, responses: Sequence[SurveyResponse]) -> dict[int, Progress]:
    """Response id → what its client has been told; a response without any has an empty one."""
    found: dict[int, list[ClientUpdate]] = {response.id: [] for response in responses}
    rows = session.scalars(
        select(ClientUpdate)
        .where(ClientUpdate.response_id.in_(list(found)), ClientUpdate.undone_at.is_(None))
        .order_by(ClientUpdate.id)
    )
    for row in rows:
        found[row.response_id].append(row)
    return {response_id: Progress(tuple(updates)) for response_id, updates in found.items()}


def tell(
    session: Session,
    response: SurveyResponse,
    stage: UpdateStage,
    text: str,
    by: date | None,
    user_id: int | None,
    now: datetime,
) -> ClientUpdate:
    """Tell the client how far it is. They read it on the link that they answered by.

    A day that was promised and has not passed stands until another is named or it is done: news is no new promise.

    Raises:
        InvalidInputError: doing or done without a word about what, too many words, a day that has passed.
    """
    words = clean_text(text)
    if stage is not UpdateStage.SEEN and not words:
        raise InvalidInputError("Say in a sentence what is being done, or was: the client reads it.", "text")
    if len(words) > LONGEST:
        raise InvalidInputError(f"Please shorten this by {len(words) - LONGEST:,} characters.", "text")
    if by is not None and by < now.date():
        raise InvalidInputError("A day that has passed cannot be promised.", "by")
    latest = progress_of(session, [response])[response.id].latest
    standing = latest.by if latest and latest.by and latest.by >= now.date() else None
    update = ClientUpdate(
        response_id=response.id,
        client_id=response.client_id,
        stage=stage,
        text=words,
        by=None if stage is UpdateStage.DONE else by or standing,
        user_id=user_id,
        at=now,
    )
    session.add(update)
    session.get_one(Client, response.client_id).add_evidence()
    session.flush()
    return update


def see(session: Session, responses: Sequence[SurveyResponse], user_id: int | None, now: datetime) -> int:
    """Tell the clients of `responses` that somebody has read them, where nothing was said yet; returns how many."""
    told = progress_of(session, responses)
    unread = [response for response in responses if not told[response.id].updates]
    for response in unread:
        tell(session, response, UpdateStage.SEEN, "", None, user_id, now)
    return len(unread)


def undo(session: Session, update_id: int, now: datetime) -> None:
    """Take back what the client was told.

    Raises:
        NotFoundError: there is no such update. ConflictError: it was taken back already, or the client has answered.
    """
    update = session.get(ClientUpdate, update_id, with_for_update=True)
    if update is None:
        raise NotFoundError("There is nothing to undo here.")
    if update.undone_at is not None:
        raise ConflictError("This has been taken back already.")
    if update.fixed is not None:
        raise ConflictError("The client has answered to this; tell them something new instead.")
    update.undone_at = now
    session.get_one(Client, update.client_id).add_evidence()
    session.flush()


def job_of(session: Session, update_id: int) -> int:
    """The id of the job that an update is about.

    Raises:
        NotFoundError: there is no such update.
    """
    job_id = session.scalar(
        select(Resolution.job_id)
        .join(SurveyResponse, SurveyResponse.resolution_id == Resolution.id)
        .join(ClientUpdate, ClientUpdate.response_id == SurveyResponse.id)
        .where(ClientUpdate.id == update_id)
    )
    if job_id is None:
        raise NotFoundError("There is nothing to undo here.")
    return job_id


def answer_fixed(session: Session, response: SurveyResponse, *, fixed: bool, now: datetime) -> ClientUpdate:
    """Keep whether what was done fixed it, as the client says. They may change their mind.

    Raises:
        ConflictError: nothing was said to be done.
    """
    session.refresh(response, with_for_update=True)
    latest = progress_of(session, [response])[response.id].latest
    if latest is None or latest.stage is not UpdateStage.DONE:
        raise ConflictError("Nothing is said to be done yet.")
    if latest.fixed is not fixed:
        latest.fixed, latest.fixed_at = fixed, now
        session.get_one(Client, response.client_id).add_evidence()
        session.flush()
    return latest
