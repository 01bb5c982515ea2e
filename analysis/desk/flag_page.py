"""One flag's page: why it was raised, in order of weight, with the client's own words beside each reason."""

from dataclasses import dataclass
from math import log

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from analysis.desk.attention import open_promises
from analysis.desk.reasons import Reason, reasons_of, source
from analysis.models import Flag, FollowUp, Outcome, RelationshipState
from analysis.reading.corrections import StandingReading, standing
from analysis.reading.readings import readings_of
from survey.errors import NotFoundError
from survey.models import Answer, Resolution, SurveyResponse
from survey.users import User

MANAGING = frozenset({"manager", "admin"})


@dataclass(frozen=True, kw_only=True)
class Comment:
    """One comment that a reason quotes, whole, with how it was read (None: not read yet)."""

    answer: Answer
    response: SurveyResponse
    reading: StandingReading | None
    numbers: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class FlagPage:
    """All that the page of one flag says beyond the timeline and the contacts."""

    flag: Flag
    state: RelationshipState | None
    reasons: list[Reason]
    comments: list[Comment]
    promise: FollowUp | None
    outcome: Outcome | None

    @property
    def base_points(self) -> float:
        """Where every relationship starts: the log-odds of the risk less the points of the reasons."""
        if self.flag.baseline is not None:
            return self.flag.baseline
        risk = min(max(self.flag.risk, 1e-6), 1 - 1e-6)
        return log(risk / (1 - risk)) - self.flag.points

    @property
    def unnamed(self) -> float:
        """Points of signs that are too weak to be a reason."""
        return self.flag.points - sum(reason.points for reason in self.reasons)

    @property
    def own_weights(self) -> bool:
        """Whether weights that this firm accepted took part (c<id> or l<id> in the model's name)."""
        return any(part[:1] in {"c", "l"} and part[1:].isdigit() for part in self.flag.model.split("+")[1:])

    @property
    def risk_then(self) -> float | None:
        """The risk when the flag was raised, where it has changed since by a point or more."""
        then = self.flag.raised_with.get("said", {}).get("risk")
        return float(then) if then is not None and abs(then - self.flag.risk) >= 0.01 else None


def flag_by_id(session: Session, flag_id: int) -> Flag:
    """The flag with its client and owner.

    Raises:
        NotFoundError: there is no such flag.
    """
    flag = session.get(Flag, flag_id, options=[joinedload(Flag.client), joinedload(Flag.owner)])
    if flag is None:
        raise NotFoundError(f"There is no flag {flag_id}.")
    return flag


def flag_page(session: Session, flag_id: int) -> FlagPage:
    """What there is to know about one flag.

    Raises:
        NotFoundError: there is no such flag.
    """
    flag = flag_by_id(session, flag_id)
    reasons = reasons_of(flag.reasons)
    quoted = [answer_id for reason in reasons for kind, answer_id in map(source, reason.evidence) if kind == "answer"]
    return FlagPage(
        flag=flag,
        state=session.get(RelationshipState, flag.client_id),
        reasons=reasons,
        comments=_comments(session, quoted),
        promise=open_promises(session, [flag.id]).get(flag.id),
        outcome=session.scalar(select(Outcome).where(Outcome.flag_id == flag.id)),
    )


def _comments(session: Session, answer_ids: list[int]) -> list[Comment]:
    """These answers' whole comments, newest first."""
    answers = session.scalars(
        select(Answer)
        .join(Answer.response)
        .where(Answer.id.in_(answer_ids), Answer.text.is_not(None))
        .options(
            joinedload(Answer.response).joinedload(SurveyResponse.contact),
            joinedload(Answer.response).joinedload(SurveyResponse.resolution).joinedload(Resolution.job),
            joinedload(Answer.response).selectinload(SurveyResponse.answers),
        )
        .order_by(SurveyResponse.submitted_at.desc())
    ).all()
    readings = standing(session, readings_of(session, [answer.id for answer in answers]))
    return [
        Comment(
            answer=answer,
            response=answer.response,
            reading=readings.get(answer.id),
            numbers={other.question: other.number for other in answer.response.answers if other.number is not None},
        )
        for answer in answers
    ]


def people_who_act(session: Session) -> list[User]:
    """Everybody who can own a flag or a client: active managers and admins, by name."""
    users = session.scalars(select(User).where(User.active.is_(True)).options(selectinload(User.roles))).all()
    acting = [user for user in users if MANAGING & {role.name for role in user.roles}]
    return sorted(acting, key=lambda user: user.display_name.casefold())


def last_actions(session: Session, flag_id: int) -> list[FollowUp]:
    """The flag's actions that still stand, newest first: undo offers itself on the first of them."""
    return list(
        session.scalars(
            select(FollowUp)
            .where(FollowUp.flag_id == flag_id, FollowUp.undone_at.is_(None))
            .order_by(FollowUp.id.desc())
        )
    )
