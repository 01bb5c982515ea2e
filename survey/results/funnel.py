"""The way from a closed job to a confirmed answer, and where it ends for how many."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from survey.evidence.verdicts import WAITING, found_on
from survey.models import (
    Contact,
    Invitation,
    InvitationState,
    Job,
    LinkSeen,
    LinkVerdict,
    Resolution,
    ResolutionStaff,
    SurveyResponse,
)
from survey.questionnaires.document import Confidentiality, QuestionType
from survey.results import estimates
from survey.results.counting import LEAST
from survey.results.estimates import Estimate
from survey.results.queries import Asking, is_named
from survey.results.questions import page_groups, shown
from survey.tallies import SEPARATOR, Tallied, counted

FIRST_PAGE, LAST_PAGE = "rating", "done"  # pages that are not named by a question
EARLY_PAGES = {"would_return": "return", "nps": "recommend", "csat": "overall", "contact_me": "contact"}


@dataclass(frozen=True)
class Step:
    """One step of the way: how many came so far, which share of the step before and of the first, and why not more."""

    label: str
    count: int
    of_previous: Estimate | None
    of_first: Estimate | None
    lost: tuple[tuple[str, int], ...]  # (why, how many), only what is known


@dataclass(frozen=True)
class Funnel:
    """`machines_only`: links that nothing but machines opened; they count as not opened."""

    steps: tuple[Step, ...]
    machines_only: int

    @property
    def jobs(self) -> int:
        return self.steps[0].count


@dataclass(frozen=True)
class Stop:
    """One question: how many were shown its page, and which share of them answered it."""

    text: str
    shown: int
    answered: int
    share: Estimate | None
    note: str = ""


def invitations(asking: Asking, *columns: Any) -> Select[Any]:
    """SELECT of columns of the invitations that the filters leave, whenever their jobs were closed."""
    return _narrowed(select(*columns).select_from(Invitation), asking, with_resolution=bool(asking.wanted.kind))


def _narrowed(found: Select[Any], asking: Asking, *, with_resolution: bool) -> Select[Any]:
    wanted, scope = asking.wanted, asking.scope
    if with_resolution:
        found = found.join(Resolution, Resolution.id == Invitation.resolution_id)
    if wanted.kind:
        found = found.join(Job, and_(Job.id == Resolution.job_id, Job.kind.in_(wanted.spellings)))
    if wanted.staff:
        by = and_(ResolutionStaff.resolution_id == Invitation.resolution_id, ResolutionStaff.name == wanted.staff)
        found = found.join(ResolutionStaff, by)
    if wanted.client:
        found = found.where(is_named(Invitation.client_id, wanted.client))
    if wanted.language:
        found = found.join(Contact, and_(Contact.id == Invitation.contact_id, Contact.language == wanted.language))
    if starts_at_sending(asking):
        of_these = Invitation.version_id.in_([version.id for version in scope.versions if version.id is not None])
        unversioned = and_(Invitation.version_id.is_(None), Invitation.sent_at.is_not(None))
        early = any(version.id is None for version in scope.versions)
        found = found.where(or_(of_these, unversioned) if early else of_these)
    return found


def _cohort(asking: Asking, *columns: Any) -> Select[Any]:
    """SELECT of columns of the invitations about jobs closed in the period."""
    _before, start, end = asking.moments()
    found = _narrowed(select(*columns).select_from(Invitation), asking, with_resolution=True)
    return found.where(Resolution.completed_at >= start, Resolution.completed_at < end)


def starts_at_sending(asking: Asking) -> bool:
    """Whether one of several questionnaires or versions is asked for: which one a job gets is known from sending on."""
    return bool(asking.scope.version) or (len(asking.scope.questionnaires) > 1 and not asking.scope.is_every)


def load_funnel(session: Session, asking: Asking) -> Funnel:
    """The way of the jobs closed in the period."""
    every, sent, arrived = session.execute(_answered(asking).add_columns(*_REACHED)).one()
    return _funnel(session, asking, (every, sent, arrived))


def load_way(session: Session, asking: Asking) -> tuple[Funnel, list[Stop]]:
    """The way, and where it stops question by question: of several questionnaires together nowhere."""
    if asking.scope.is_every:
        return load_funnel(session, asking), []
    walked = _walked(session, asking)
    return _funnel(session, asking, walked.reached), _stops(asking, walked)


_SENT, _ARRIVED = Invitation.sent_at.is_not(None), Invitation.delivered_at.is_not(None)
_REACHED = func.count(), func.count(Invitation.sent_at), func.count(case((_SENT, Invitation.delivered_at)))
_Reached = tuple[int, int, int]  # of the answered: all, those sent, those sent of whose arrival there is news


def _answered(asking: Asking) -> Select[Any]:
    return _cohort(asking).where(Invitation.state == InvitationState.ANSWERED)


def _funnel(session: Session, asking: Asking, reached: _Reached) -> Funnel:
    every, sent, arrived = reached
    answered = InvitationState.ANSWERED
    counts: Counter[tuple[InvitationState, bool, bool]] = Counter()
    counts.update(
        {
            (answered, False, False): every - sent,
            (answered, True, False): sent - arrived,
            (answered, True, True): arrived,
        }
    )
    opened: Counter[tuple[bool, bool]] = Counter()  # (by a person, announced) → links
    silent = _cohort(asking).where(Invitation.state != answered)
    judged = case((~LinkVerdict.stale, LinkVerdict.seen))
    parts = Invitation.state, _SENT, _ARRIVED, judged
    found = silent.add_columns(*parts, func.count()).group_by(*parts)
    for state, is_sent, has_arrived, seen, count in session.execute(
        found.join(LinkVerdict, LinkVerdict.invitation_id == Invitation.id, isouter=True)
    ):
        counts[state, bool(is_sent), bool(has_arrived)] += count
        if is_sent and seen is not None:
            opened[seen is LinkSeen.PERSON, bool(has_arrived)] += count
    rows = session.execute(silent.add_columns(Invitation.id, _ARRIVED).where(_SENT, Invitation.id.in_(WAITING)))
    waiting = {number: bool(has_arrived) for number, has_arrived in rows}
    for number, visits in found_on(session, list(waiting)).items():
        opened[visits.by_person, waiting[number]] += 1
    by_person = opened[True, True] + opened[True, False]
    steps = _steps(counts, by_person, opened[True, False], not starts_at_sending(asking))
    return Funnel(tuple(steps), machines_only=opened[False, True] + opened[False, False])


def _steps(
    counts: Mapping[tuple[InvitationState, bool, bool], int], opened: int, unannounced: int, whole: bool
) -> Iterator[Step]:
    state = InvitationState

    def of(*states: InvitationState, sent: bool | None = None, arrived: bool | None = None) -> int:
        return sum(
            n
            for (is_in, was_sent, has_arrived), n in counts.items()
            if (not states or is_in in states)
            and (sent is None or was_sent is sent)
            and (arrived is None or has_arrived is arrived)
        )

    every, skipped = of(), of(state.SKIPPED)
    sent = of(sent=True) - of(state.SKIPPED, sent=True)
    waiting = of(state.SCHEDULED, sent=False)
    confirmed = of(state.ANSWERED, sent=True)
    arrived = of(sent=True, arrived=True) + of(state.ANSWERED, sent=True, arrived=False) + unannounced
    held, cancelled, withdrawn = (of(one, sent=False) for one in (state.HELD, state.CANCELLED, state.WITHDRAWN))
    before = [
        ("Jobs closed", every, ()),
        ("To be asked about", every - skipped, (("a rule said no", skipped),)),
        (
            "Scheduled",
            sent + waiting,
            (("on hold", held), ("cancelled by hand", cancelled), ("job reopened before sending", withdrawn)),
        ),
    ]
    way = [
        *(before if whole else []),
        ("Sent", sent, (("waiting for their time", waiting),) if whole else ()),
        ("Arrived", arrived, (("no word of delivery yet", sent - arrived),)),
        ("Opened by a person", opened + confirmed, (("not opened", arrived - opened - confirmed),)),
        ("Confirmed an answer", confirmed, (("opened, not confirmed", opened),)),
    ]
    first, previous = way[0][1], way[0][1]
    for label, count, lost in way:
        yield Step(label, count, _share(count, previous), _share(count, first), tuple(why for why in lost if why[1]))
        previous = count


def _share(count: int, of: int) -> Estimate | None:
    return estimates.share(count, of) if of >= LEAST else None


@dataclass(frozen=True)
class _Walked:
    """Of the links that were answered: how far they came, page → on how many it was shown, question → how many
    answered it."""

    reached: _Reached
    pages: Mapping[str, int]
    given: Mapping[str, int]


def drop_off(session: Session, asking: Asking) -> list[Stop]:
    """Of those who confirmed anything in the period: who was shown each question's page, and who answered it."""
    return _stops(asking, _walked(session, asking))


def _stops(asking: Asking, walked: _Walked) -> list[Stop]:
    document, firm = asking.scope.versions[-1].document, asking.scope.versions[-1].firm
    confirmed, found = walked.reached[0], []
    for place, group in enumerate(page_groups(document)):
        keys = {question.key for question in group}
        names = keys | {EARLY_PAGES[key] for key in keys & EARLY_PAGES.keys()}
        seen = confirmed if place == 0 else min(confirmed, sum(walked.pages.get(name, 0) for name in names))
        for question in group:
            count = walked.given.get(question.key, 0)
            note = ""
            if question.confidentiality is Confidentiality.CONFIDENTIAL:
                note = "confidential: who answered is not known"
            elif question.show_if and question is not group[0]:
                note = "asked only of some on this page"
            reached = max(seen, count)
            share = None if note else _share(count, reached)
            found.append(Stop(shown(question.text, document.language, firm), reached, count, share, note))
    return found


def _walked(session: Session, asking: Asking) -> _Walked:
    standing = func.aggregate_strings(case((~LinkVerdict.stale, LinkVerdict.pages)), SEPARATOR)
    tallies = func.aggregate_strings(SurveyResponse.tally, SEPARATOR)
    *reached, shown_pages, lines = session.execute(
        _answered(asking)
        .add_columns(*_REACHED, standing, tallies)
        .join(SurveyResponse, SurveyResponse.invitation_id == Invitation.id, isouter=True)
        .join(LinkVerdict, LinkVerdict.invitation_id == Invitation.id, isouter=True)
    ).one()
    pages: Counter[str] = Counter()
    for line, count in Counter((shown_pages or "").split(SEPARATOR)).items():
        pages.update(dict.fromkeys(line.split(), count))
    waiting = session.scalars(_answered(asking).add_columns(Invitation.id).where(Invitation.id.in_(WAITING))).all()
    for found in found_on(session, waiting).values():
        pages.update(found.pages)
    every, sent, arrived = reached
    return _Walked((every, sent, arrived), pages, _given(counted(lines or "")))


def _given(tallies: Mapping[Tallied, int]) -> Mapping[str, int]:
    """Question → how many answered it, be it by a number, by words or by ticking anything."""
    plainly: Counter[str] = Counter()
    ticking: Counter[str] = Counter()
    for tallied, count in tallies.items():
        if tallied.is_any:
            ticking[QuestionType.PROMISE.value if tallied.is_step else tallied.key] += count
        elif not tallied.is_step and "." not in tallied.name:
            plainly[tallied.name] += count
    return plainly | ticking  # who chose "other" and said what is in both
