"""The ladder's report: one quarter told in full, all quarters in numbers, who recommends you and whom they sent."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from analysis.desk.preceding import Preceding, preceding
from analysis.desk.quarters import (
    CLIENTS,
    QuarterCount,
    Share,
    Step,
    count_quarters,
    kind_of,
    label_of,
    quarter_end,
    quarter_starts,
)
from analysis.models import LadderMove, Referral, RelationshipState, Rung
from survey.models import Answer, Client, SurveyResponse
from survey.spreadsheet import csv_line

QUARTERS = 8
MOST_STAYED = 500  # customers who stayed customers, for comparison
CSV_COLUMNS = (
    "quarter",
    "date",
    "kind",
    "client_ref",
    "client",
    "from",
    "to",
    "why",
    "owner",
    "staff",
    "jobs_90_days",
    "kinds_90_days",
    "promised",
    "kept",
    "talks",
    "mean_csat",
    "last_nps",
    "referred_by",
    "next_step",
)


@dataclass(frozen=True)
class Told:
    """One climb or fall of the quarter, with what preceded it."""

    move: LadderMove
    client: Client
    kind: str  # became, won_back, fell
    before: Preceding


@dataclass(frozen=True)
class Factor:
    """Something that may have preceded: among those who became clients, and among the customers who stayed."""

    label: str
    became: Share
    stayed: Share


@dataclass(frozen=True)
class Credit:
    """One person's part in the quarter's new clients: each counts 1, shared by who did the work before."""

    name: str
    credit: float
    clients: int


@dataclass(frozen=True)
class Advocate:
    """Somebody who recommends you now."""

    client: Client
    state: RelationshipState
    nps: int | None
    sent: list[Referral]


@dataclass(frozen=True)
class LadderReport:
    """`quarters` newest first; `chosen` is the one told in full."""

    quarters: list[QuarterCount]
    chosen: QuarterCount
    became: list[Told]
    won_back: list[Told]
    fell: list[Told]
    factors: list[Factor]
    credits: list[Credit]

    @property
    def any_moves(self) -> bool:
        return any(quarter.became or quarter.won_back or quarter.fell for quarter in self.quarters)


def ladder_report(session: Session, now: datetime, wanted: str = "") -> LadderReport:
    """`wanted`: a quarter's label ("Q3 2026"); the present one where there is none called that."""
    counted = count_quarters(_steps(session, now), quarter_starts(now, QUARTERS))
    quarters = counted[: max([1, *(place for place, quarter in enumerate(counted, 1) if not quarter.is_empty)])]
    chosen = next((quarter for quarter in quarters if quarter.label == wanted), quarters[0])
    end = min(quarter_end(chosen.start), now)
    told = _told(session, chosen.start, end)
    became = [one for one in told if one.kind == "became"]
    stayed = _stayed(session, chosen, end)
    return LadderReport(
        quarters=quarters,
        chosen=chosen,
        became=became,
        won_back=[one for one in told if one.kind == "won_back"],
        fell=[one for one in told if one.kind == "fell"],
        factors=_factors([one.before for one in became], stayed) if became else [],
        credits=_credits(became),
    )


def _steps(session: Session, now: datetime) -> list[Step]:
    """Every move until `now` in order of time. Plain columns, because a large firm has many."""
    rows = session.execute(
        select(LadderMove.client_id, LadderMove.from_rung, LadderMove.to_rung, LadderMove.moved_at, LadderMove.by_rules)
        .where(LadderMove.moved_at <= now)
        .order_by(LadderMove.moved_at, LadderMove.id)
    )
    return [Step(client_id, before, after, at, by_rules) for client_id, before, after, at, by_rules in rows]


def _told(session: Session, start: datetime, end: datetime) -> list[Told]:
    """The climbs and falls from `start` to `end`, the latest first."""
    rows = session.execute(
        select(LadderMove, Client)
        .join(Client, Client.id == LadderMove.client_id)
        .options(joinedload(Client.owner))
        .where(
            LadderMove.moved_at >= start,
            LadderMove.moved_at <= end,
            LadderMove.from_rung.is_not(None),
            LadderMove.by_rules.is_(False),
        )
        .order_by(LadderMove.moved_at.desc(), LadderMove.id.desc())
    ).all()
    moves = [(move, client, kind_of(move.from_rung, move.to_rung)) for move, client in rows]
    moves = [(move, client, kind) for move, client, kind in moves if kind]
    told: list[Told] = []
    for kind in ("became", "won_back", "fell"):  # a client may do each of them once in a quarter, or more often
        ours = [(move, client) for move, client, its in moves if its == kind]
        for batch in _once_each(ours):
            before = preceding(session, {client.id: move.moved_at for move, client in batch})
            told += [Told(move, client, kind, before[client.id]) for move, client in batch]
    return sorted(told, key=lambda one: one.move.moved_at, reverse=True)


def _once_each(moves: list[tuple[LadderMove, Client]]) -> list[list[tuple[LadderMove, Client]]]:
    """`moves` in batches in which no client comes twice."""
    batches: list[list[tuple[LadderMove, Client]]] = []
    seen: dict[int, int] = defaultdict(int)
    for move, client in moves:
        place = seen[client.id]
        seen[client.id] += 1
        if place == len(batches):
            batches.append([])
        batches[place].append((move, client))
    return batches


def _stayed(session: Session, chosen: QuarterCount, end: datetime) -> list[Preceding]:
    """What the 90 days before the quarter's end held for customers who did not become clients in it."""
    stayed = sorted(chosen.customers_at_start - set(chosen.became))
    every = max(1, -(-len(stayed) // MOST_STAYED))
    found = preceding(session, dict.fromkeys(stayed[::every], end))
    return [one for one in found.values() if one.jobs]  # who did not come at all compares with nobody


def _factors(became: list[Preceding], stayed: list[Preceding]) -> list[Factor]:
    tests: tuple[tuple[str, Callable[[Preceding], bool]], ...] = (
        ("Answered a survey", lambda one: bool(one.csat or one.nps)),
        ("Rated a job good or excellent", lambda one: one.was_rated_well),
        ("Somebody spoke with them", lambda one: one.talks > 0),
        ("More than one kind of job", lambda one: len(one.kinds) > 1),
        ("More than one person worked for them", lambda one: len(one.staff) > 1),
    )
    factors = [
        Factor(label, *(Share(sum(map(test, group)), len(group)) for group in (became, stayed)))
        for label, test in tests
    ]
    dates = (Share(sum(one.kept for one in group), sum(one.promised for one in group)) for group in (became, stayed))
    return [Factor("Promised dates kept (jobs)", *dates), *factors]


def _credits(became: Sequence[Told]) -> list[Credit]:
    """Alphabetical: a credit says who was there, not who is better."""
    credit: defaultdict[str, float] = defaultdict(float)
    clients: defaultdict[str, set[int]] = defaultdict(set)
    for one in became:
        for name, share in one.before.people:
            credit[name] += share
            clients[name].add(one.client.id)
    return [Credit(name, credit[name], len(clients[name])) for name in sorted(credit, key=str.casefold)]


def advocates(session: Session) -> list[Advocate]:
    """Everybody on the rung, who sent most first."""
    rows = session.execute(
        select(Client, RelationshipState)
        .join(RelationshipState, RelationshipState.client_id == Client.id)
        .where(RelationshipState.rung == Rung.ADVOCATE, Client.internal.is_(False))
        .order_by(Client.name)
    ).all()
    ids = [client.id for client, _ in rows]
    said = session.execute(
        select(SurveyResponse.client_id, Answer.number)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(SurveyResponse.client_id.in_(ids), Answer.question == "nps", Answer.number.is_not(None))
        .order_by(SurveyResponse.submitted_at)
    )
    nps = {client_id: number for client_id, number in said if number is not None}
    sent: defaultdict[int, list[Referral]] = defaultdict(list)
    for referral in session.scalars(
        select(Referral).where(Referral.client_id.in_(ids), Referral.undone_at.is_(None)).order_by(Referral.at)
    ):
        sent[referral.client_id].append(referral)
    found = [Advocate(client, state, nps.get(client.id), sent[client.id]) for client, state in rows]
    return sorted(found, key=lambda one: -len(one.sent))


def all_referrals(session: Session) -> list[tuple[Referral, Rung | None]]:
    """Who sent whom and where the sent one stands now, the latest first."""
    rows = session.execute(
        select(Referral, RelationshipState.rung)
        .outerjoin(RelationshipState, RelationshipState.client_id == Referral.referred_id)
        .options(joinedload(Referral.client), joinedload(Referral.referred))
        .where(Referral.undone_at.is_(None))
        .order_by(Referral.at.desc(), Referral.id.desc())
    )
    return [(referral, rung) for referral, rung in rows]


def became_of(referrals: Sequence[tuple[Referral, Rung | None]]) -> Share:
    """How many of those who were sent are clients or advocates today."""
    return Share(sum(rung in CLIENTS for _, rung in referrals), len(referrals))


def report_csv(session: Session, now: datetime, zone: tzinfo, wanted: str = "") -> Iterator[str]:
    """Every climb and fall of the quarter called `wanted`, or of all quarters of the report, the latest first."""
    yield csv_line(CSV_COLUMNS)
    starts = quarter_starts(now, QUARTERS)
    for start in [start for start in starts if label_of(start) == wanted] or starts:
        told = _told(session, start, min(quarter_end(start), now))
        senders = {one.client.referred_by_id for one in told} - {None}
        names = dict(session.execute(select(Client.id, Client.name).where(Client.id.in_(senders))).all())
        yield "".join(csv_line(_cells(one, label_of(start), zone, names)) for one in told)


def _cells(one: Told, quarter: str, zone: tzinfo, names: dict[int, str]) -> list[object]:
    move, client, before = one.move, one.client, one.before
    return [
        quarter,
        f"{move.moved_at.astimezone(zone):%Y-%m-%d}",
        one.kind,
        client.ref,
        client.name,
        move.from_rung.value if move.from_rung else "",
        move.to_rung.value,
        move.reason,
        client.owner.display_name if client.owner else "",
        ";".join(f"{name}:{share:.2f}" for name, share in before.people),
        before.jobs,
        ";".join(f"{kind}:{count}" for kind, count in sorted(before.kinds.items())),
        before.promised,
        before.kept,
        before.talks,
        "" if before.mean_csat is None else f"{before.mean_csat:.2f}",
        before.nps[-1] if before.nps else "",
        names.get(client.referred_by_id or 0, ""),
        move.next_step,
    ]
