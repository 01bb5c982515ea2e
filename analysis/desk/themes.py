"""The pages about themes: what is new this month, what was said all along, and all comments of one theme."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from analysis.desk.trends import Count, Period, Subject, months_until
from analysis.models import Theme, ThemeMention, ThemeRun
from analysis.reading.corrections import StandingReading, standing
from analysis.reading.readings import readings_of
from analysis.reading.themes import FEWEST_COMMENTS, LATELY, LOOKED_BACK, comments_lately, comments_said
from analysis.text.theme_news import Said, new_ones
from survey.models import Answer, Client, SurveyResponse
from survey.paging import Page

MONTHS = 13  # thirteen months are looked at
QUOTES = 2
PER_PAGE = 25
WHOLE = 0.8  # of a sentence: a quote of more is no half
_AROUND = 90  # characters of the comment that are shown before and after a quoted sentence


@dataclass(frozen=True)
class Quote:
    """One sentence that says a theme, with what stands around it; `tone` is its sentiment, "" while it is unread."""

    answer_id: int
    client_id: int
    client: str
    said_at: datetime
    before: str
    words: str
    after: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class ThemeRow:
    """A theme with its figures. `said`: comments lately and before; `read`: those read so far, and the bad ones."""

    theme: Theme
    said: Said
    is_new: bool
    clients: int
    read: Count
    months: Subject
    quotes: tuple[Quote, ...]

    @property
    def total(self) -> int:
        """How many comments say it."""
        return self.said.lately + self.said.before


@dataclass(frozen=True, kw_only=True)
class ThemesPage:
    """`run` is None before the first time; `comments` are counted up to the least that is needed."""

    run: ThemeRun | None
    comments: int
    looked_at: Said  # all comments of the two times
    periods: tuple[Period, ...]
    new: tuple[ThemeRow, ...]
    known: tuple[ThemeRow, ...]
    hidden: tuple[ThemeRow, ...]

    @property
    def enough(self) -> bool:
        return self.comments >= FEWEST_COMMENTS


@dataclass(frozen=True)
class _Mention:
    theme_id: int
    answer_id: int
    start: int
    end: int
    fit: float
    said_at: datetime
    text: str
    client_id: int
    client: str


def themes_page(session: Session, now: datetime, zone: tzinfo) -> ThemesPage:
    """Every theme that somebody says, the most said first; what is new by the last thirty days before `now`."""
    run = session.get(ThemeRun, 1)
    mentions = _mentions(session, run, now)
    looked_at = _looked_at(session, run, now)
    readings = standing(session, readings_of(session, list({m.answer_id for said in mentions.values() for m in said})))
    themes = [theme for theme in session.scalars(select(Theme)) if theme.id in mentions]
    counted = [_said(mentions[theme.id], now) for theme in themes]
    within = months_until(now.astimezone(zone).date(), MONTHS)
    rows = [
        _row(theme, mentions[theme.id], said, readings, within, zone, is_new=is_new)
        for theme, said, is_new in zip(themes, counted, new_ones(counted, looked_at), strict=True)
    ]
    shown = sorted(rows, key=lambda row: (-row.total, row.theme.name, row.theme.id))
    lately = sorted(shown, key=lambda row: -row.said.lately)
    return ThemesPage(
        run=run,
        comments=comments_lately(session, now),
        looked_at=looked_at,
        periods=within,
        new=tuple(row for row in lately if row.is_new and not row.theme.hidden_at),
        known=tuple(row for row in shown if not row.is_new and not row.theme.hidden_at),
        hidden=tuple(row for row in shown if row.theme.hidden_at),
    )


def theme_comments(session: Session, theme: Theme, number: int) -> Page[Quote]:
    """All comments of a theme, the newest first, each with the sentence that says it."""
    run = session.get(ThemeRun, 1)
    at = run.at if run else theme.last_seen_at
    found = _one_each(_mentions(session, run, at, theme).get(theme.id, []))
    newest = sorted(found, key=lambda mention: (mention.said_at, mention.answer_id), reverse=True)
    some = newest[(number - 1) * PER_PAGE : number * PER_PAGE]
    readings = standing(session, readings_of(session, [mention.answer_id for mention in some]))
    return Page([_quote(mention, readings) for mention in some], number, len(newest), PER_PAGE)


def _mentions(
    session: Session, run: ThemeRun | None, now: datetime, only: Theme | None = None
) -> dict[int, list[_Mention]]:
    """Where each theme is said, by theme; comments that were changed since the themes were looked for are left out."""
    if run is None:
        return {}
    found = session.execute(
        select(
            ThemeMention.theme_id,
            ThemeMention.answer_id,
            ThemeMention.start,
            ThemeMention.end,
            ThemeMention.fit,
            ThemeMention.said_at,
            Answer.text,
            Client.id,
            Client.name,
        )
        .join(Answer, Answer.id == ThemeMention.answer_id)
        .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(Answer.answered_at <= run.at, ThemeMention.said_at >= now - LOOKED_BACK, Client.internal.is_(False))
        .where(*([ThemeMention.theme_id == only.id] if only else []))
        .order_by(ThemeMention.fit.desc(), ThemeMention.id)
    )
    by_theme: dict[int, list[_Mention]] = defaultdict(list)
    for row in found:
        theme_id, answer_id, start, end, fit, said_at, text, client_id, client = row
        by_theme[theme_id].append(
            _Mention(theme_id, answer_id, start, end, fit, said_at, text or "", client_id, client)
        )
    return by_theme


def _looked_at(session: Session, run: ThemeRun | None, now: datetime) -> Said:
    """How many comments were looked at, lately and before."""
    if run is None:
        return Said(0, 0)
    looked = comments_said(max(run.since, now - LOOKED_BACK), run.at).subquery()
    lately = looked.c.submitted_at > now - LATELY
    count = select(func.count()).select_from(looked)
    return Said(session.scalar(count.where(lately)) or 0, session.scalar(count.where(and_(~lately))) or 0)


def _said(mentions: Sequence[_Mention], now: datetime) -> Said:
    at = {mention.answer_id: mention.said_at for mention in mentions}
    lately = sum(moment > now - LATELY for moment in at.values())
    return Said(lately, len(at) - lately)


def _row(
    theme: Theme,
    mentions: Sequence[_Mention],
    said: Said,
    readings: dict[int, StandingReading],
    within: Sequence[Period],
    zone: tzinfo,
    *,
    is_new: bool,
) -> ThemeRow:
    bad = {m.answer_id for m in mentions if _tone(readings.get(m.answer_id), m) == "negative"}
    counts = [[0, 0] for _ in within]
    for mention in _one_each(mentions):
        place = sum(period.start <= mention.said_at.astimezone(zone).date() for period in within) - 1
        if place >= 0:
            counts[place][0] += 1
            counts[place][1] += mention.answer_id in bad
    return ThemeRow(
        theme=theme,
        said=said,
        is_new=is_new,
        clients=len({mention.client_id for mention in mentions}),
        read=Count(len({m.answer_id for m in mentions if m.answer_id in readings}), len(bad)),
        months=Subject(aspect=theme.name, counts=tuple(Count(*count) for count in counts)),
        quotes=tuple(_quote(mention, readings) for mention in _telling(mentions, theme.name)),
    )


def _one_each(mentions: Sequence[_Mention]) -> list[_Mention]:
    """The first mention of each comment, in order."""
    return list({mention.answer_id: mention for mention in reversed(mentions)}.values())[::-1]


def _telling(mentions: Sequence[_Mention], name: str) -> list[_Mention]:
    """The sentences to quote: one that says the theme's name, then the nearest to its middle, from different clients,
    in different words."""
    chosen: list[_Mention] = []
    likeliest = sorted(mentions, key=lambda m: len(m.text[m.start : m.end].split()) < 4)
    named = [m for m in likeliest if name.casefold() in m.text[m.start : m.end].casefold()]
    for mention in (*named[:1], *likeliest):
        words = mention.text[mention.start : mention.end].casefold()
        others = {(m.client_id, m.text[m.start : m.end].casefold()) for m in chosen}
        if all(mention.client_id != client and words != said for client, said in others):
            chosen.append(mention)
        if len(chosen) == QUOTES:
            break
    return chosen


def _quote(mention: _Mention, readings: dict[int, StandingReading]) -> Quote:
    text, start, end = mention.text, mention.start, mention.end
    low, high = max(0, start - _AROUND), min(len(text), end + _AROUND)
    low = text.find(" ", low, start) + 1 if low else 0
    high = text.rfind(" ", end, high) if high < len(text) else high
    return Quote(
        answer_id=mention.answer_id,
        client_id=mention.client_id,
        client=mention.client,
        said_at=mention.said_at,
        before=("… " if low else "") + text[low:start],
        words=text[start:end],
        after=text[end : max(end, high)] + (" …" if high < len(text) else ""),
        tone=_tone(readings.get(mention.answer_id), mention),
    )


def _tone(reading: StandingReading | None, mention: _Mention) -> str:
    """How a quote speaks: as a person corrected the comment, else as the subjects in it, the sentence, the comment.

    A quote may be half a sentence, "but it took a bit longer"; the subjects spoken of in that half know more of it
    than the sentence's verdict, where they agree, and so does what marks that half. "" where all that speaks for the
    sentence's verdict is in its other half.
    """
    if reading is None:
        return ""
    if reading.correction and reading.sentiment != "mixed":
        return reading.sentiment
    subjects = {str(said["sentiment"]) for said in reading.aspects if _overlaps(said, mention)} - {"neutral"}
    if len(subjects) == 1:
        return subjects.pop()
    within = [said for said in reading.sentences if _overlaps(said, mention)]
    if within and not _is_whole(within[0], mention):
        marked = [said for said in reading.evidence if _overlaps(said, within[0])]
        signs = {float(said["weight"]) > 0 for said in marked if _overlaps(said, mention)}
        if len(signs) == 1:
            return "positive" if signs.pop() else "negative"
        if marked and not signs:
            return ""
    return str(within[0]["sentiment"]) if within else reading.sentiment


def _is_whole(sentence: Mapping[str, Any], mention: _Mention) -> bool:
    return mention.end - mention.start > WHOLE * (int(sentence["end"]) - int(sentence["start"]))


def _overlaps(said: Mapping[str, Any], other: _Mention | Mapping[str, Any]) -> bool:
    start, end = (other.start, other.end) if isinstance(other, _Mention) else (int(other["start"]), int(other["end"]))
    return int(said["start"]) < end and start < int(said["end"])
