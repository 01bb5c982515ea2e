"""What the front must know of a survey, by its link, in one query."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Dialect, Engine, Select, and_, func, literal_column, select
from sqlalchemy.orm import Session

from survey.asking.schedule import zone_for
from survey.db import Base
from survey.front import rows
from survey.front.connections import Connections
from survey.languages import translator
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
from survey.speech import listed, said_day
from survey.users import User


class Asked(NamedTuple):
    """A survey that is open and has no answer, nor one that waits: the plain case. In the order of the columns."""

    id: int
    version_id: int | None
    resolution_id: int
    contact_id: int
    client_id: int
    expires_at: datetime
    completed_at: datetime
    emailed: Sequence[datetime]  # when its emails were sent or arrived
    language: str
    timezone: str
    summary: str
    kind: str
    owner_name: str | None
    owner_email: str | None
    staff: tuple[str, ...]

    @property
    def rows(self) -> tuple[int | None, ...]:
        """Which rows belong together in it."""
        return self[:5]

    def said(self, firm: Firm, language: str, now: datetime) -> dict[str, str]:
        """The fields of the `Occasion` that `survey.pages` would make from the rows."""
        zone, _ = zone_for(self.timezone, firm.timezone), translator(language)
        owner = self.owner_name or (self.owner_email or "").partition("@")[0] or _("Someone")
        staff, first_names = _listed(self.staff, language)
        return {
            "title": self.summary or self.kind or _("Your job"),
            "kind": self.kind,
            "finished_on": said_day(self.completed_at.astimezone(zone).date(), language, now.year),
            "closes_on": said_day(self.expires_at.astimezone(zone).date(), language, now.year),
            "staff": staff,
            "first_names": first_names,
            "reader": _("%(who)s from %(firm)s", who=owner, firm=firm.name),
        }


@lru_cache(maxsize=1_024)
def _listed(staff: Sequence[str], language: str) -> tuple[str, str]:
    """The names as a person says them, and the first names."""
    return listed(staff, language), listed(dict.fromkeys(name.split()[0] for name in staff if name.split()), language)


_RESPONSE = select(SurveyResponse.id).where(
    SurveyResponse.resolution_id == Invitation.resolution_id, SurveyResponse.contact_id == Invitation.contact_id
)
_HELD = select(func.min(HeldAnswer.id)).where(HeldAnswer.invitation_id == Invitation.id)
# Asked of the row that was found: as a condition of finding it, PostgreSQL looks at all that are sent.
_IS_PLAIN = and_(
    Invitation.state == InvitationState.SENT,
    _RESPONSE.scalar_subquery().is_(None),
    _HELD.scalar_subquery().is_(None),
)
_ROWS = (
    Invitation.id,
    Invitation.version_id,
    Invitation.resolution_id,
    Invitation.contact_id,
    Invitation.client_id,
)
_SURVEY = (
    _IS_PLAIN,
    *_ROWS,
    Invitation.expires_at,
    Resolution.completed_at,
    Invitation.sent_at,
    Invitation.delivered_at,
    Invitation.reminded_at,
    Contact.language,
    Contact.timezone,
    Job.summary,
    Job.kind,
    User.name,
    User.email,
    ResolutionStaff.name,
    ResolutionStaff.share,
)
_FACTS = 11  # of _SURVEY: what stands before the words


class Reader:
    """Asks for what the front must know, in statements that were made once and give each row as JSON."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        self._connections = Connections(engine)
        one: ColumnElement[Any] = literal_column("?1" if self._dialect.name == "sqlite" else "$1")
        self._survey = self._made(
            self._row(Invitation, *_SURVEY)
            .join(Contact, Contact.id == Invitation.contact_id)
            .join(Client, Client.id == Invitation.client_id)
            .join(Resolution, Resolution.id == Invitation.resolution_id)
            .join(Job, Job.id == Resolution.job_id)
            .outerjoin(User, User.id == Client.owner_id)
            .outerjoin(ResolutionStaff, ResolutionStaff.resolution_id == Resolution.id)
            .where(Invitation.token_hash == one)
        )
        self._document = self._made(
            self._row(QuestionnaireVersion, QuestionnaireVersion.document).where(QuestionnaireVersion.id == one)
        )
        self._firm = self._made(self._row(Firm, *Firm.__table__.columns).where(Firm.id == one))

    def survey(self, token_hash: str, now: datetime) -> Asked | None:
        """The survey behind a link, if it is plain."""
        found = [_decode(row)[0] for row in self._connections.ask(self._survey, token_hash)]
        if not found or not found[0][0]:
            return None
        _is_plain, *ids, expires, completed, sent, delivered, reminded = found[0][:_FACTS]
        if (expires_at := _moment(expires)) <= now:
            return None
        emailed = [_moment(text) for text in (sent, delivered, reminded) if text]
        staff = sorted([(-share, name) for *_facts, name, share in found if name is not None])
        names = tuple([name for _share, name in staff])
        return Asked._make([*ids, expires_at, _moment(completed), emailed, *found[0][_FACTS:-2], names])

    def document(self, version_id: int) -> Any:
        """What a version of a questionnaire asks, as JSON; None if there is no such version."""
        for row in self._connections.ask(self._document, str(version_id)):
            (found,) = json.loads(row)
            return json.loads(found) if isinstance(found, str) else found
        return None

    def firm_stamp(self) -> str:
        """Changes with anything that a page shows of the firm."""
        return str(self._connections.ask(self._firm, "1"))

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    def _row(self, model: type[Base], *columns: Any) -> Select[Any]:
        """Each row as one JSON list."""
        as_list = func.json_array if self._dialect.name == "sqlite" else func.json_build_array
        return select(as_list(*columns)).select_from(model)

    def _made(self, statement: Select[Any]) -> str:
        return str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))


_decode = json.JSONDecoder().raw_decode


def _moment(text: str) -> datetime:
    """SQLite keeps a moment as naive UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=4)
def _still(dialect: Dialect) -> str:
    statement = select(*_ROWS, _IS_PLAIN).where(rows.among(dialect, Invitation.id)).order_by(Invitation.id)
    return rows.made(dialect, statement.with_for_update(of=Invitation) if dialect.name == "postgresql" else statement)


def find_plain(session: Session, ids: Iterable[int]) -> set[tuple[int, ...]]:
    """Those of the surveys that are plain still, as `Asked.rows` says them; locked for this transaction."""
    dialect = session.get_bind().dialect
    found = rows.run(session, _still(dialect), rows.ids(dialect, ids)).fetchall()
    return {tuple(survey) for *survey, is_plain in found if is_plain}
