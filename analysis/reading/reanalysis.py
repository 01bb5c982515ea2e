"""A new version reads history: what it would change, then batch by batch. The stored readings say what is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis
from analysis.reading.corrections import standing
from analysis.reading.readings import Words, as_row, in_force, readings_of, store, tell_clients, words_of
from analysis.relationships import evidence as rules
from analysis.relationships.intervals import wilson
from analysis.scoring.evidence import as_evidence
from analysis.scoring.scorer import Scorer
from analysis.text.analyser import SENTIMENTS, Reading
from survey.firms import get_firm
from survey.models import Answer, Client

START = (0, 0)
Read = list[tuple[Words, Reading]]


@dataclass(frozen=True)
class Choice:
    """Which answers `model` reads again: those whose reading in force is another version's."""

    model: str
    since: datetime | None = None  # only what was answered from then on
    model_from: str = ""  # only what this version has read


@dataclass(frozen=True)
class FlagChange:
    """One client whose flag would change: severities before and after, None for no flag."""

    client_id: int
    client: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "raised"
        return "cleared" if self.after is None else "severity"


@dataclass(frozen=True)
class Preview:
    """What would change, from the answers that were read for it."""

    verdicts: dict[tuple[str, str], int]  # (before, after) → answers
    clients: int  # judged on all their words as the new version reads them
    flags: tuple[FlagChange, ...]

    @property
    def read(self) -> int:
        return sum(self.verdicts.values())

    @property
    def changed(self) -> int:
        return sum(count for (before, after), count in self.verdicts.items() if before != after)

    def as_dict(self) -> dict[str, Any]:
        """As `flask text reanalyse --json` prints it; the interval is Wilson's, at 95%."""
        interval = wilson(self.changed, self.read)
        table: dict[str, dict[str, int]] = {name: dict.fromkeys(SENTIMENTS, 0) for name in SENTIMENTS}
        for (before, after), count in self.verdicts.items():
            table.setdefault(before, {})[after] = count
        kinds = Counter(change.kind for change in self.flags)
        return {
            "read": self.read,
            "verdicts": table,
            "changed": self.changed,
            "share": self.changed / self.read if self.read else None,
            "interval": list(interval) if interval else None,
            "clients": self.clients,
            "flags": {kind: kinds[kind] for kind in ("raised", "cleared", "severity")},
            "flag_changes": [
                {"client_id": change.client_id, "client": change.client, "before": change.before, "after": change.after}
                for change in self.flags
            ],
        }


def _chosen(choice: Choice) -> Select[Any]:
    """Answers joined with their readings in force, those to be read again."""
    statement = (
        select(AnswerAnalysis)
        .join(Answer, Answer.id == AnswerAnalysis.answer_id)
        .where(Answer.text.is_not(None), Answer.text != "", in_force(), AnswerAnalysis.model != choice.model)
    )
    if choice.since is not None:
        statement = statement.where(Answer.answered_at >= choice.since)
    return statement.where(AnswerAnalysis.model == choice.model_from) if choice.model_from else statement


def counted(session: Session, choice: Choice) -> dict[str, int]:
    """How many answers there are to read again, by the version that read them."""
    by_model = _chosen(choice).with_only_columns(AnswerAnalysis.model, func.count()).group_by(AnswerAnalysis.model)
    return {str(model): int(count) for model, count in session.execute(by_model.order_by(AnswerAnalysis.model))}


def sampled(session: Session, choice: Choice, size: int) -> list[int]:
    """The ids of `size` answers to read again, at random."""
    ids = _chosen(choice).with_only_columns(Answer.id).order_by(func.random()).limit(size)
    return list(session.scalars(ids))


def affected(session: Session, choice: Choice) -> list[int]:
    """The ids of the clients who said something that is to be read again."""
    ids = _chosen(choice).with_only_columns(AnswerAnalysis.client_id).distinct()
    return list(session.scalars(ids.order_by(AnswerAnalysis.client_id)))


def verdicts_and_words(session: Session, answer_ids: Sequence[int]) -> list[tuple[str, Words]]:
    """The verdict in force of each answer, and what to read."""
    before = readings_of(session, answer_ids)
    words = words_of(session, select(Answer).where(Answer.id.in_(answer_ids)).order_by(Answer.id))
    return [(before[item.answer_id].sentiment, item) for item in words if item.answer_id in before]


def said_by(session: Session, choice: Choice, client_ids: Sequence[int]) -> list[int]:
    """The ids of all answers of these clients that would be read again."""
    ids = _chosen(choice).with_only_columns(Answer.id).where(AnswerAnalysis.client_id.in_(client_ids))
    return list(session.scalars(ids.order_by(Answer.id)))


def flag_changes(
    session: Session, model: str, client_ids: Sequence[int], read: Read, now: datetime
) -> tuple[int, list[FlagChange]]:
    """How many of these clients are judged, and whose flags would change if these readings were in force.

    Writes nothing. Clients who have not been scored yet, and internal ones, are left out.
    """
    scorer = Scorer(session, get_firm(session), now, client_ids)
    texts = {words.answer_id: words.comment.text for words, _ in read}
    rows = {words.answer_id: as_row(words, found, model, now) for words, found in read}
    new = {answer_id: as_evidence(said, texts[answer_id]) for answer_id, said in standing(session, rows).items()}
    changes: list[FlagChange] = []
    judged = 0
    for client_id, name in session.execute(
        select(Client.id, Client.name).where(Client.id.in_(client_ids), Client.internal.is_(False)).order_by(Client.id)
    ):
        known = scorer.evidence[client_id]
        before, after = scorer.what_if(client_id, known), scorer.what_if(client_id, _with(known, new))
        if before is None or after is None:
            continue
        judged += 1
        if before.judgement.severity != after.judgement.severity:
            changes.append(FlagChange(client_id, name, before.judgement.severity, after.judgement.severity))
    return judged, changes


def _with(known: rules.Evidence, new: Mapping[int, rules.Reading]) -> rules.Evidence:
    return replace(
        known,
        responses=tuple(
            replace(response, reading=new.get(response.reading.answer_id, response.reading))
            if response.reading is not None
            else response
            for response in known.responses
        ),
    )


@dataclass(frozen=True)
class Batch:
    """Answers of the next clients in order, to be read while no transaction is open."""

    words: list[Words]
    last: tuple[int, int]  # where the following batch begins after: client id, answer id
    complete: set[int]  # clients of whom nothing is left after it


def next_batch(session: Session, choice: Choice, after: tuple[int, int], limit: int) -> Batch | None:
    """The next `limit` answers after this place, client by client; `None` at the end."""
    client_id, answer_id = after
    beyond = or_(
        AnswerAnalysis.client_id > client_id, and_(AnswerAnalysis.client_id == client_id, Answer.id > answer_id)
    )
    rows = session.execute(
        _chosen(choice)
        .with_only_columns(AnswerAnalysis.client_id, Answer.id)
        .where(beyond)
        .order_by(AnswerAnalysis.client_id, Answer.id)
        .limit(limit + 1)
    ).all()
    if not rows:
        return None
    places = [(int(row[0]), int(row[1])) for row in rows[:limit]]
    unfinished = {int(row[0]) for row in rows[limit:]}
    ids = [place[1] for place in places]
    return Batch(
        words=words_of(session, select(Answer).where(Answer.id.in_(ids)).order_by(Answer.id)),
        last=places[-1],
        complete={place[0] for place in places} - unfinished,
    )


def store_batch(session: Session, model: str, batch: Batch, found: Sequence[Reading], now: datetime) -> int:
    """Put a batch's readings in force and have the clients scored again who are complete; returns how many."""
    read = list(zip(batch.words, found, strict=True))
    store(session, model, read, now, again=True)
    tell_clients(session, batch.complete)
    return len(read)
