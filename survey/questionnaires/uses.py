"""Which kind of job gets which questionnaire, how many of its jobs are asked about, and what other choices would do."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from survey.asking.deciding import WAITING, load_house
from survey.asking.reweighing import Effect, Reweighed, apply_all, reweigh
from survey.errors import ConflictError, InvalidInputError
from survey.models import Firm, Invitation, Job, Questionnaire, QuestionnaireUse, QuestionnaireUseChange, Resolution
from survey.questionnaires.publishing import EVERY_OTHER, stand_in_id
from survey.questionnaires.versions import EVERY_OTHER_KIND
from survey.sampling import ALL, share_in_words

LONGEST_KIND = 80
NAMED = 20  # surveys listed by name in a preview
HISTORY = 30  # changes listed


@dataclass(frozen=True, order=True)
class Use:
    """One choice. `kind` is case-folded, "" for every other kind; `share` is per cent of its jobs."""

    kind: str
    questionnaire_id: int
    share: int = ALL


@dataclass(frozen=True)
class Kind:
    """A kind of job as most write it, with how many jobs it has."""

    name: str
    jobs: int

    @property
    def key(self) -> str:
        return self.name.casefold()


@dataclass(frozen=True)
class UseChange:
    """What a kind gets, before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """What a choice would change: lines, surveys by what happens to them, and how many get other questions."""

    changes: list[UseChange]
    counts: Mapping[Effect, int]
    named: list[Reweighed]
    other_questions: int
    waiting: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def kinds(session: Session) -> list[Kind]:
    """Every kind that a job has or that is chosen for, most jobs first; jobs without a kind are no kind."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name, jobs in session.execute(select(Job.kind, func.count()).where(Job.kind != "").group_by(Job.kind)):
        spellings[name.casefold()][name] += jobs
    found = [Kind(counted.most_common(1)[0][0], counted.total()) for counted in spellings.values()]
    found += [Kind(use.kind, 0) for use in chosen(session) if use.kind and use.kind not in spellings]
    return sorted(found, key=lambda kind: (-kind.jobs, kind.key))


def folded(uses: Sequence[Use]) -> list[Use]:
    """With each kind as it is kept: “Repair” and “REPAIR” are one kind."""
    return [replace(use, kind=use.kind.casefold()) for use in uses]


def chosen(session: Session) -> list[Use]:
    """What is chosen, every other kind first."""
    rows = session.scalars(select(QuestionnaireUse).order_by(QuestionnaireUse.kind))
    return [Use(row.kind, row.questionnaire_id, row.share) for row in rows]


def seen(uses: Sequence[Use]) -> str:
    """Names a state of the choices, so that nobody overwrites what they have not seen."""
    rows = [(use.kind, use.questionnaire_id, use.share) for use in sorted(uses)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def choosable(session: Session) -> list[Questionnaire]:
    """The questionnaires that can be chosen: published, not archived; by name."""
    rows = session.scalars(
        select(Questionnaire).where(Questionnaire.archived_at.is_(None), Questionnaire.versions.any())
    )
    return sorted(rows, key=lambda row: row.name.casefold())


def preview(session: Session, wanted: Sequence[Use], now: datetime) -> Preview:
    """What choosing `wanted` would change for everything that waits. Writes nothing.

    Raises:
        InvalidInputError: as `choose` does.
    """
    wanted = folded(wanted)
    _check(session, wanted)
    old = load_house(session)
    new = replace(old, policy=replace(old.policy, shares={use.kind: use.share for use in wanted}))
    weighed = reweigh(session, old, new, now)
    affected = [found for found in weighed if found.effect]
    before, stand_in = chosen(session), stand_in_id(session)
    gone = {found.invitation.id for found in affected if found.effect is Effect.SKIPPED}
    return Preview(
        _changes(session, before, wanted, stand_in),
        Counter(found.effect for found in affected if found.effect),
        affected[:NAMED],
        _other_questions(session, before, wanted, stand_in, gone),
        len(weighed),
    )


def choose(session: Session, wanted: Sequence[Use], was: str, now: datetime, user_id: int | None = None) -> int:
    """Put these choices in the place of all there are, and decide again about what waits; how many surveys changed.

    What changed is kept in the words of the day, with who chose it.

    Raises:
        InvalidInputError: a questionnaire that can't be used, a share that is no per cent, a kind twice.
        ConflictError: the choices are no longer those that `seen` called `was`, or they are these already.
    """
    wanted = folded(wanted)
    session.execute(select(Firm.id).where(Firm.id == 1).with_for_update())  # two at once wait for each other
    before, old = chosen(session), load_house(session)
    if seen(before) != was:
        raise ConflictError("Somebody changed this meanwhile, so nothing of yours was saved.")
    if sorted(wanted) == sorted(before):
        raise ConflictError("It is so already: nothing has changed.")
    _check(session, wanted, lock=True)
    if changes := _changes(session, before, wanted, stand_in_id(session)):
        told = [asdict(change) for change in changes]
        session.add(QuestionnaireUseChange(changes=told, changed_at=now, changed_by_id=user_id))
    session.execute(delete(QuestionnaireUse))
    session.add_all(
        QuestionnaireUse(kind=use.kind, questionnaire_id=use.questionnaire_id, share=use.share) for use in wanted
    )
    session.flush()
    weighed = reweigh(session, old, load_house(session), now)
    apply_all(session, weighed, now)
    return sum(1 for found in weighed if found.effect)


def history(session: Session) -> Sequence[QuestionnaireUseChange]:
    """The latest changes of who gets what, newest first."""
    newest = select(QuestionnaireUseChange).options(joinedload(QuestionnaireUseChange.changed_by))
    return session.scalars(newest.order_by(QuestionnaireUseChange.id.desc()).limit(HISTORY)).all()


def use_in_words(name: str, share: int) -> str:
    """`After a job`, `After a job, 1 in 4 asked`, `After a job, nobody asked`."""
    if share >= ALL:
        return name
    return f"{name}, {share_in_words(share) if share > 0 else 'nobody'} asked"


def _check(session: Session, wanted: Sequence[Use], *, lock: bool = False) -> None:
    usable = select(Questionnaire).where(Questionnaire.id.in_({use.questionnaire_id for use in wanted}))
    rows = {row.id: row for row in session.scalars(usable.with_for_update() if lock else usable)}
    for use in wanted:
        row = rows.get(use.questionnaire_id)
        if row is None:
            raise InvalidInputError("There is no such questionnaire.", use.kind)
        if row.archived_at is not None:
            raise InvalidInputError(f"“{row.name}” is archived. Take it out of the archive to use it.", use.kind)
        if not row.versions:
            raise InvalidInputError(f"“{row.name}” was never published. Publish it to use it.", use.kind)
        if not 0 <= use.share <= ALL:
            raise InvalidInputError("Give a whole number from 0 to 100.", use.kind)
        if len(use.kind) > LONGEST_KIND:
            raise InvalidInputError(f"A kind has at most {LONGEST_KIND} characters.", use.kind)
    if len({use.kind for use in wanted}) < len(wanted):
        raise InvalidInputError("The same kind of job is there twice.")


def _changes(session: Session, before: Sequence[Use], after: Sequence[Use], stand_in: int | None) -> list[UseChange]:
    old, new = _by_kind(before), _by_kind(after)
    if EVERY_OTHER_KIND not in old and stand_in is not None:
        old[EVERY_OTHER_KIND] = Use(EVERY_OTHER_KIND, stand_in)
    names = {row.id: row.name for row in session.scalars(select(Questionnaire))}
    spelled = {kind.key: kind.name for kind in kinds(session)}

    def said(use: Use | None) -> str:
        return use_in_words(names[use.questionnaire_id], use.share) if use else f"as {EVERY_OTHER}"

    return [
        UseChange(
            EVERY_OTHER.capitalize() if kind == EVERY_OTHER_KIND else spelled.get(kind, kind),
            said(old.get(kind)),
            said(new.get(kind)),
        )
        for kind in sorted(old.keys() | new.keys())
        if old.get(kind) != new.get(kind)
    ]


def _other_questions(
    session: Session, before: Sequence[Use], after: Sequence[Use], stand_in: int | None, gone: set[int]
) -> int:
    """How many surveys that wait would ask another questionnaire."""
    old, new = _by_kind(before), _by_kind(after)

    def asked(uses: Mapping[str, Use], kind: str) -> int | None:
        use = uses.get(kind.casefold()) or uses.get(EVERY_OTHER_KIND)
        return use.questionnaire_id if use else stand_in

    rows = session.execute(
        select(Invitation.id, Job.kind)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .join(Job, Job.id == Resolution.job_id)
        .where(Invitation.state.in_(WAITING))
    )
    return sum(1 for number, kind in rows if number not in gone and asked(old, kind) != asked(new, kind))


def _by_kind(uses: Sequence[Use]) -> dict[str, Use]:
    return {use.kind: use for use in uses}
