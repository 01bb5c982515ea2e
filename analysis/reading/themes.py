"""Themes kept: what is gathered, how the groups found today become the themes of yesterday.

Finding takes half a minute of one core for 5,000 sentences, once a day (`Embedder.embed`), so `gather` and `store`
have transactions of their own and `look` has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, delete, exists, func, select
from sqlalchemy.orm import Session

from analysis.models import THEME_NAME, Theme, ThemeMention, ThemeRun
from analysis.reading.analysers import Embedder
from analysis.text.passages import clauses, sentences
from analysis.text.themes import Group, centroid, find_themes, matched
from survey.asking.schedule import zone_for
from survey.firms import get_firm
from survey.models import Answer, Client, Contact, ResolutionStaff, SurveyResponse

if TYPE_CHECKING:
    from analysis.text.themes import Array

LATELY = timedelta(days=30)  # "this month"
LOOKED_BACK = timedelta(days=395)  # and the twelve months before
FEWEST_COMMENTS = 30
MOST_SENTENCES = 5_000  # the newest: bounds time (half a minute) and memory (200 MB while they are compared)
LEAST_WORDS = 3  # of a sentence that can say something
_TO_PLACE = 50  # mentions from which the middle of a theme is found again in another embedding


@dataclass(frozen=True)
class Passage:
    """A sentence or clause of a comment."""

    answer_id: int
    start: int
    end: int
    text: str
    said_at: datetime


@dataclass(frozen=True)
class Known:
    """A stored theme: its centroid, or, where another model made that, some of its sentences."""

    theme_id: int
    centroid: "Array | None"
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Material:
    """All that is needed to look for themes, as plain values. `last_run` tells whether somebody was faster."""

    passages: tuple[Passage, ...]
    comments: int
    since: datetime
    people: frozenset[str]
    known: tuple[Known, ...]
    last_run: datetime | None


@dataclass(frozen=True)
class Found:
    """The groups, the stored theme that each continues (by place), and how well each member fits."""

    model: str
    groups: tuple[Group, ...]
    continues: dict[int, int]
    fits: tuple[tuple[float, ...], ...]


def comments_said(since: datetime, until: datetime) -> Select[int, str | None, datetime]:
    """(answer id, text, when) of what clients wrote from `since` to `until`; internal clients are left out, and what
    only managers may read: a theme is named by its words."""
    return (
        select(Answer.id, Answer.text, SurveyResponse.submitted_at)
        .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.text.is_not(None), Answer.text != "", Client.internal.is_(False), Answer.managers_only.is_(False))
        .where(SurveyResponse.submitted_at >= since, SurveyResponse.submitted_at <= until)
    )


def comments_lately(session: Session, now: datetime) -> int:
    """How many comments there are to find themes in, counted to the least that is needed."""
    some = comments_said(now - LOOKED_BACK, now).limit(FEWEST_COMMENTS).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def due(session: Session, now: datetime) -> bool:
    """Once on each of the firm's days; also when there are enough comments for the first time."""
    run = session.get(ThemeRun, 1)
    if run is None:
        return True
    zone = zone_for(get_firm(session).timezone)
    if run.at.astimezone(zone).date() < now.astimezone(zone).date():
        return True
    return run.comments < FEWEST_COMMENTS and comments_lately(session, now) > run.comments


def gather(session: Session, model: str, now: datetime) -> Material:
    """What was said in the last thirteen months, the newest 5,000 sentences of it, and the themes that are known."""
    newest = comments_said(now - LOOKED_BACK, now).order_by(SurveyResponse.submitted_at.desc(), Answer.id.desc())
    passages: list[Passage] = []
    comments, since = 0, now
    for answer_id, text, said_at in session.execute(newest.limit(MOST_SENTENCES)):
        if len(passages) >= MOST_SENTENCES:
            break
        comments, since = comments + 1, said_at
        passages += _passages(answer_id, text or "", said_at)
    run = session.get(ThemeRun, 1)
    return Material(
        passages=tuple(passages[:MOST_SENTENCES]),
        comments=comments,
        since=since,
        people=_people(session),
        known=tuple(_known(session, theme, model) for theme in session.scalars(select(Theme).order_by(Theme.id))),
        last_run=run.at if run else None,
    )


def _passages(answer_id: int, text: str, said_at: datetime) -> list[Passage]:
    places = clauses(text, sentences(text))
    found = [Passage(answer_id, start, end, text[start:end], said_at) for start, end in places]
    return [passage for passage in found if len(passage.text.split()) >= LEAST_WORDS]


def _people(session: Session) -> frozenset[str]:
    """The words of the names of contacts and staff."""
    contacts = session.scalars(select(Contact.name).distinct())
    staff = session.scalars(select(ResolutionStaff.name).distinct())
    return frozenset(word.casefold() for name in (*contacts, *staff) for word in name.split())


def _known(session: Session, theme: Theme, model: str) -> Known:
    import numpy as np

    if theme.model == model:
        return Known(theme.id, np.frombuffer(theme.centroid, "<f2").astype(np.float32))
    said = session.execute(
        select(Answer.text, ThemeMention.start, ThemeMention.end)
        .join(Answer, Answer.id == ThemeMention.answer_id)
        .where(ThemeMention.theme_id == theme.id)
        .order_by(ThemeMention.fit.desc(), ThemeMention.id)
        .limit(_TO_PLACE)
    )
    return Known(
        theme.id, None, tuple(words for text, start, end in said if (words := (text or "")[start:end].strip()))
    )


def look(embedder: Embedder, material: Material) -> Found:
    """Find the groups, and which of the known themes they are. Needs no database and takes long."""
    if material.comments < FEWEST_COMMENTS:
        return Found(embedder.space, (), {}, ())
    texts = [passage.text for passage in material.passages]
    again = [text for known in material.known for text in known.texts]
    vectors = embedder.embed([*texts, *again])
    groups = find_themes(
        texts, [passage.answer_id for passage in material.passages], vectors[: len(texts)], material.people
    )
    centroids: dict[int, Array] = {}
    at = len(texts)
    for known in material.known:
        if known.centroid is not None:
            centroids[known.theme_id] = known.centroid
        elif known.texts:
            centroids[known.theme_id] = centroid(vectors[at : at + len(known.texts)])
            at += len(known.texts)
    ids = list(centroids)
    pairs = matched([group.centroid for group in groups], list(centroids.values()))
    fits = tuple(tuple(float(fit) for fit in vectors[list(group.members)] @ group.centroid) for group in groups)
    return Found(embedder.space, tuple(groups), {group: ids[theme] for group, theme in pairs.items()}, fits)


def store(session: Session, material: Material, found: Found, now: datetime) -> int:
    """Keep what was found; returns how many themes are said. Nothing happens when another run was faster.

    A theme that is found again keeps its id, its name and its first day. Where it is said is replaced for the time that
    was looked at, and forgotten after thirteen months; a theme that nobody has said for so long goes, unless a person
    named it.
    """
    run = session.get(ThemeRun, 1, with_for_update=True, populate_existing=True)
    if (run.at if run else None) != material.last_run:
        return 0
    themes = {theme.id: theme for theme in session.scalars(select(Theme).with_for_update(of=Theme))}
    there = set(session.scalars(select(Answer.id).where(Answer.id.in_({p.answer_id for p in material.passages}))))
    wanted: dict[tuple[int, int, int], ThemeMention] = {}
    for place, group in enumerate(found.groups):
        said = [material.passages[at] for at in group.members]
        theme = themes.get(found.continues.get(place, 0)) or _new(session, group, said)
        theme.words = list(group.words)
        theme.centroid, theme.model = group.centroid.astype("<f2").tobytes(), found.model
        theme.last_seen_at = max(passage.said_at for passage in said)
        session.flush()
        for passage, fit in zip(said, found.fits[place], strict=True):
            if passage.answer_id in there:
                wanted[theme.id, passage.answer_id, passage.start] = _mention(theme.id, passage, fit)
    _replace_mentions(session, wanted, material.since, now)
    _forget(session, now)
    session.merge(
        ThemeRun(
            id=1,
            at=now,
            model=found.model,
            since=material.since,
            comments=material.comments,
            sentences=len(material.passages),
        )
    )
    session.flush()
    return len(found.groups)


def _new(session: Session, group: Group, said: Sequence[Passage]) -> Theme:
    first = min(passage.said_at for passage in said)
    theme = Theme(name=group.name[:THEME_NAME], first_seen_at=first)
    session.add(theme)
    return theme


def _mention(theme_id: int, passage: Passage, fit: float) -> ThemeMention:
    return ThemeMention(
        theme_id=theme_id,
        answer_id=passage.answer_id,
        start=passage.start,
        end=passage.end,
        said_at=passage.said_at,
        fit=round(fit, 4),
    )


def _replace_mentions(
    session: Session, wanted: dict[tuple[int, int, int], ThemeMention], since: datetime, now: datetime
) -> None:
    """Make what is stored equal to `wanted` from `since` on; what has not changed is left alone."""
    session.execute(delete(ThemeMention).where(ThemeMention.said_at < now - LOOKED_BACK))
    kept = set()
    for row in session.scalars(select(ThemeMention)).all():
        key = (row.theme_id, row.answer_id, row.start)
        fresh = wanted.get(key)
        if fresh is not None:
            row.end, row.said_at, row.fit = fresh.end, fresh.said_at, fresh.fit
            kept.add(key)
        elif row.said_at >= since:
            session.delete(row)
    session.flush()
    session.add_all(mention for key, mention in wanted.items() if key not in kept)


def _forget(session: Session, now: datetime) -> None:
    said = exists().where(ThemeMention.theme_id == Theme.id)
    old = and_(Theme.last_seen_at < now - LOOKED_BACK, Theme.renamed_at.is_(None), ~said)
    session.execute(delete(Theme).where(old))
