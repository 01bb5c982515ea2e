"""What the front must know of a survey, by its link: one row each."""

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Engine, Select, bindparam, select
from sqlalchemy.orm import Session

from survey.asking.schedule import zone_for
from survey.languages import Translator
from survey.models import (
    Client,
    Contact,
    Firm,
    HeldAnswer,
    Invitation,
    InvitationState,
    Job,
    QuestionnaireVersion,
    Resolution,
    ResolutionStaff,
    SurveyResponse,
)
from survey.pages import Occasion
from survey.speech import listed, said_day
from survey.users import User


class Found(NamedTuple):
    """A row as it was found, in the order of the columns."""

    id: int
    token_hash: str
    state: str
    expires_at: datetime
    version_id: int | None
    resolution_id: int
    contact_id: int
    client_id: int
    sent_at: datetime | None
    delivered_at: datetime | None
    reminded_at: datetime | None
    language: str
    timezone: str
    summary: str
    kind: str
    completed_at: datetime
    owner_name: str | None
    owner_email: str | None
    response_id: int | None
    is_held: bool


@dataclass(frozen=True)
class Asked:
    """A survey that is open and has no answer, nor one that waits: the plain case."""

    row: Found
    staff: tuple[str, ...]

    def occasion(self, firm: Firm, language: str, now: datetime, _: Translator) -> Occasion:
        """As `survey.pages` makes it from the rows."""
        row, zone = self.row, zone_for(self.row.timezone, firm.timezone)
        owner = row.owner_name or (row.owner_email or "").partition("@")[0] or _("Someone")
        first_names = dict.fromkeys(name.split()[0] for name in self.staff if name.split())
        return Occasion(
            title=row.summary or row.kind or _("Your job"),
            kind=row.kind,
            finished_on=said_day(row.completed_at.astimezone(zone).date(), language, now.year),
            closes_on=said_day(row.expires_at.astimezone(zone).date(), language, now.year),
            staff=listed(self.staff, language),
            first_names=listed(first_names, language),
            reader=_("%(who)s from %(firm)s", who=owner, firm=firm.name),
        )

    @property
    def emailed(self) -> list[datetime]:
        """When the emails of this survey were sent or arrived."""
        row = self.row
        return [moment for moment in (row.sent_at, row.delivered_at, row.reminded_at) if moment is not None]


_HASHES: BindParameter[Any] = bindparam("hashes", expanding=True)
_SURVEYS = (
    select(
        Invitation.id,
        Invitation.token_hash,
        Invitation.state,
        Invitation.expires_at,
        Invitation.version_id,
        Invitation.resolution_id,
        Invitation.contact_id,
        Invitation.client_id,
        Invitation.sent_at,
        Invitation.delivered_at,
        Invitation.reminded_at,
        Contact.language,
        Contact.timezone,
        Job.summary,
        Job.kind,
        Resolution.completed_at,
        User.name,
        User.email,
        SurveyResponse.id,
        select(HeldAnswer.id).where(HeldAnswer.invitation_id == Invitation.id).exists(),
    )
    .join(Contact, Contact.id == Invitation.contact_id)
    .join(Client, Client.id == Invitation.client_id)
    .join(Resolution, Resolution.id == Invitation.resolution_id)
    .join(Job, Job.id == Resolution.job_id)
    .outerjoin(User, User.id == Client.owner_id)
    .outerjoin(
        SurveyResponse,
        (SurveyResponse.resolution_id == Invitation.resolution_id)
        & (SurveyResponse.contact_id == Invitation.contact_id),
    )
)
_STAFF = select(ResolutionStaff.resolution_id, ResolutionStaff.name, ResolutionStaff.share)
_DOCUMENT = select(QuestionnaireVersion.document)
_FIRM = select(*Firm.__table__.columns)
_MANY = _SURVEYS.where(Invitation.token_hash.in_(_HASHES)).order_by(Invitation.id)


class Reader:
    """Reads over a connection of each thread's own, without a transaction, in statements that were made once.

    A connection that fails is given up; the next question opens another.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeps_moments = engine.dialect.name != "sqlite"
        self._own = threading.local()
        self._opened: list[Any] = []
        self._survey = self._made(_SURVEYS.where(Invitation.token_hash == bindparam("one")))
        self._staff = self._made(_STAFF.where(ResolutionStaff.resolution_id == bindparam("one")))
        self._document = self._made(_DOCUMENT.where(QuestionnaireVersion.id == bindparam("one")))
        self._firm = self._made(_FIRM.where(Firm.id == bindparam("one")))

    def survey(self, token_hash: str, now: datetime) -> Asked | None:
        """The survey behind a link, if it is plain."""
        for values in self._rows(self._survey, token_hash):
            row = Found._make(values if self._keeps_moments else map(_moment, values, _IS_MOMENT))
            if _is_plain(row, now):
                staff = sorted((-share, name) for _id, name, share in self._rows(self._staff, row.resolution_id))
                return Asked(row, tuple(name for _share, name in staff))
        return None

    def document(self, version_id: int) -> Any:
        """What a version of a questionnaire asks, as JSON; None if there is no such version."""
        for (found,) in self._rows(self._document, version_id):
            return json.loads(found) if isinstance(found, str) else found
        return None

    def firm_stamp(self) -> str:
        """Changes with anything that a page shows of the firm."""
        return repr(self._rows(self._firm, 1))

    def _made(self, statement: Select[*tuple[Any, ...]]) -> str:
        text = str(statement.compile(dialect=self._engine.dialect))
        return text.replace("%(one)s::VARCHAR", "%(one)s").replace("%(one)s::INTEGER", "%(one)s")

    def _rows(self, statement: str, one: str | int) -> Sequence[Any]:
        connection = getattr(self._own, "connection", None) or self._open()
        try:
            cursor = connection.cursor()
            cursor.execute(statement, (one,) if self._engine.dialect.name == "sqlite" else {"one": one})
            rows: Sequence[Any] = cursor.fetchall()
        except BaseException:
            self._own.connection = None
            self._opened.remove(connection)
            connection.close()
            raise
        return rows

    def _open(self) -> Any:
        dialect = self._engine.dialect
        arguments, named = dialect.create_connect_args(self._engine.url)
        connection: Any = dialect.connect(*arguments, **named)
        if dialect.name == "sqlite":
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout=5000")
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.autocommit = True
        self._own.connection = connection
        self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()


_IS_MOMENT = tuple("datetime" in str(kind) for kind in Found.__annotations__.values())


def _moment(value: Any, is_moment: bool) -> Any:
    """SQLite keeps a moment as text, naive UTC."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if is_moment and value else value


def _is_plain(row: Found, now: datetime) -> bool:
    return row.state == InvitationState.SENT.value and row.expires_at > now and not row.response_id and not row.is_held


def find_many(session: Session, token_hashes: Collection[str], now: datetime) -> Mapping[str, Asked]:
    """Fingerprint of a link → its survey, of those that are plain, without its staff; locked for this transaction."""
    statement = _MANY.with_for_update(of=Invitation) if session.get_bind().dialect.name == "postgresql" else _MANY
    rows = [Found._make(row) for row in session.execute(statement, {"hashes": list(token_hashes)})]
    return {row.token_hash: Asked(row, ()) for row in rows if _is_plain(row, now)}
