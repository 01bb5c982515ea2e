"""What the models said and what people made of it: the confusion table, by sentiment, of corrected comments only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from analysis.models import Correction
from analysis.text.analyser import SENTIMENTS
from survey.models import Answer, Client, Resolution, SurveyResponse
from survey.paging import Page

PER_PAGE = 25


@dataclass(frozen=True)
class Confusion:
    """How often a sentiment that was said became another: (said, corrected) → comments."""

    cells: dict[tuple[str, str], int]

    @property
    def total(self) -> int:
        return sum(self.cells.values())

    @property
    def agreement(self) -> float | None:
        """The share whose sentiment was right (only the subjects were corrected); None without any."""
        return sum(self.cells.get((name, name), 0) for name in SENTIMENTS) / self.total if self.total else None

    def row(self, said: str) -> int:
        return sum(self.cells.get((said, became), 0) for became in SENTIMENTS)

    def column(self, became: str) -> int:
        return sum(self.cells.get((said, became), 0) for said in SENTIMENTS)


def confusion(pairs: Iterable[tuple[str, str]]) -> Confusion:
    """The table of (said, corrected) pairs."""
    return Confusion(dict(Counter(pairs)))


@dataclass(frozen=True, kw_only=True)
class CorrectionRow:
    """One correction with the client whose comment it is about."""

    correction: Correction
    client: Client


@dataclass(frozen=True, kw_only=True)
class CorrectionsPage:
    """The table for one model version or all, the versions that were corrected, and one page of corrections."""

    table: Confusion
    models: list[str]
    page: Page[CorrectionRow]


def corrections_page(session: Session, model: str = "", number: int = 1) -> CorrectionsPage:
    """What people corrected, of one version or (with "") of all."""
    models = list(session.scalars(select(Correction.model).distinct().order_by(Correction.model)))
    rows = session.execute(
        select(
            Correction.answer_id,
            Correction.text_hash,
            Correction.model,
            Correction.said_sentiment,
            Correction.sentiment,
        )
        .where(Correction.undone_at.is_(None), *([Correction.model == model] if model else []))
        .order_by(Correction.at, Correction.id)
    )
    latest = {(answer_id, words, version): (said, became or said) for answer_id, words, version, said, became in rows}
    return CorrectionsPage(table=confusion(latest.values()), models=models, page=_page(session, model, number))


def _page(session: Session, model: str, number: int) -> Page[CorrectionRow]:
    wanted = [Correction.model == model] if model else []
    total = session.scalar(select(func.count(Correction.id)).where(*wanted)) or 0
    found = session.execute(
        select(Correction, Client)
        .join(Answer, Answer.id == Correction.answer_id)
        .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
        .join(Client, Client.id == SurveyResponse.client_id)
        .where(*wanted)
        .options(
            joinedload(Correction.user),
            joinedload(Correction.answer)
            .joinedload(Answer.response)
            .joinedload(SurveyResponse.resolution)
            .joinedload(Resolution.job),
        )
        .order_by(Correction.at.desc(), Correction.id.desc())
        .limit(PER_PAGE)
        .offset((number - 1) * PER_PAGE)
    )
    return Page([CorrectionRow(correction=row, client=client) for row, client in found], number, total, PER_PAGE)
