"""What the front must know of a survey, by its link, in one query."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Dialect, Engine, Integer, Select, and_, cast, func, literal_column, select

from survey.asking.schedule import zone_for
from survey.db import Base
from survey.front import rows
from survey.front.questions import questions
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
from survey.speech import first_names, listed, said_day
from survey.users import User


class Asked(NamedTuple):
    """A survey that is open and has no answer, nor one that waits: the plain case. In the order of the columns."""

    id: int
    version_id: int | None
    resolution_id: int
    contact_id: int
    client_id: int
    expires_at: datetime
    completed: str  # a moment, as `moment` reads it
    sent: str | None  # these three too
    delivered: str | None
    reminded: str | None
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

    def since_email(self, now: datetime) -> int | None:
        """Whole seconds since the latest email was sent or arrived."""
        moments = [moment(text) for text in (self.sent, self.delivered, self.reminded) if text]
        earlier = [one for one in moments if one <= now]
        return int((now - max(earlier)).total_seconds()) if earlier else None

    def said(self, firm: Firm, language: str, now: datetime) -> dict[str, str]:
        """The fields of the `Occasion` that `survey.pages` would make from the rows."""
        zone, year = _zone(self.timezone, firm.timezone), now.year
        staff, first_names = _listed(self.staff, language)
        return {
            "title": self.summary or self.kind or translator(language)("Your job"),
            "kind": self.kind,
            "finished_on": said_day(moment(self.completed).astimezone(zone).date(), language, year),
            "closes_on": said_day(self.expires_at.astimezone(zone).date(), language, year),
            "staff": staff,
            "first_names": first_names,
            "reader": _reader(self.owner_name, self.owner_email, firm.name, language),
        }


_zone = lru_cache(maxsize=1_024)(zone_for)


@lru_cache(maxsize=1_024)
def _reader(name: str | None, email: str | None, firm: str, language: str) -> str:
    """Who reads the answer, as the page says it."""
    _ = translator(language)
    who = name or (email or "").partition("@")[0] or _("Someone")
    return _("%(who)s from %(firm)s", who=who, firm=firm)


@lru_cache(maxsize=1_024)
def _listed(staff: Sequence[str], language: str) -> tuple[str, str]:
    """The names as a person says them, and the first names."""
    return listed(staff, language), first_names(staff, language)


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
_FACTS = (_IS_PLAIN, *_ROWS, Invitation.expires_at)
_WORDS = (
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
)


class Reader:
    """Asks on the event loop for what the front must know, in statements that give each row as JSON."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        one: ColumnElement[Any] = literal_column("?1" if self._dialect.name == "sqlite" else "asked.value")
        number = cast(one, Integer)
        self._survey = self._made(
            self._row(Invitation, *_FACTS, *_WORDS, ResolutionStaff.name, ResolutionStaff.share)
            .join(Contact, Contact.id == Invitation.contact_id)
            .join(Client, Client.id == Invitation.client_id)
            .join(Resolution, Resolution.id == Invitation.resolution_id)
            .join(Job, Job.id == Resolution.job_id)
            .outerjoin(User, User.id == Client.owner_id)
            .outerjoin(ResolutionStaff, ResolutionStaff.resolution_id == Resolution.id)
            .where(Invitation.token_hash == one)
        )
        self._document = self._made(
            self._row(QuestionnaireVersion, QuestionnaireVersion.document).where(QuestionnaireVersion.id == number)
        )
        self._firm = self._made(self._row(Firm, *Firm.__table__.columns).where(Firm.id == number))
        self._questions = questions(engine, (self._survey, self._document, self._firm))

    async def survey(self, token_hash: str, now: datetime) -> Asked | None:
        """The survey behind a link, if it is plain."""
        found = await self._questions.ask(self._survey, token_hash)
        if not found:
            return None
        (is_plain, *ids, expires), words, name, share = _read(found[0])
        if not is_plain or (expires_at := moment(expires)) <= now:
            return None
        names: tuple[str, ...] = () if name is None else (name,)
        if len(found) > 1:
            staff = sorted([(-share, name), *((-share, name) for *_, name, share in map(_read, found[1:]))])
            names = tuple([name for _share, name in staff])
        return Asked._make([*ids, expires_at, *words, names])

    async def document(self, version_id: int) -> Any:
        """What a version of a questionnaire asks, as JSON; None if there is no such version."""
        for row in await self._questions.ask(self._document, str(version_id)):
            (found,) = json.loads(row)
            return json.loads(found) if isinstance(found, str) else found
        return None

    async def firm_stamp(self) -> str:
        """Changes with anything that a page shows of the firm."""
        return str(await self._questions.ask(self._firm, "1"))

    def close(self) -> None:
        """Close the connection."""
        self._questions.close()

    def _row(self, model: type[Base], *columns: Any) -> Select[Any]:
        """Each row as one JSON list."""
        as_list = func.json_array if self._dialect.name == "sqlite" else func.json_build_array
        return select(as_list(*columns)).select_from(model)

    def _made(self, statement: Select[Any]) -> str:
        return str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))


_decode = json.JSONDecoder().raw_decode


def _read(row: str) -> tuple[list[Any], list[Any], Any, Any]:
    """A row's facts, words, and one of the staff."""
    values = _decode(row)[0]
    return values[: len(_FACTS)], values[len(_FACTS) : -2], values[-2], values[-1]


def moment(text: str) -> datetime:
    """A moment as the database says it in JSON; SQLite keeps naive UTC."""
    return datetime.fromisoformat(text if text[-6] in "+-" else f"{text}+00:00")


@lru_cache(maxsize=4)
def _still(dialect: Dialect) -> str:
    statement = select(*_ROWS, _IS_PLAIN).where(rows.among(dialect, Invitation.id)).order_by(Invitation.id)
    return rows.made(dialect, statement.with_for_update(of=Invitation) if dialect.name == "postgresql" else statement)


def find_plain(hand: rows.Hand, ids: Iterable[int]) -> set[tuple[int, ...]]:
    """Those of the surveys that are plain still, as `Asked.rows` says them; locked for this transaction."""
    found = hand.run(_still(hand.dialect), rows.ids(hand.dialect, ids)).fetchall()
    return {tuple(survey) for *survey, is_plain in found if is_plain}
