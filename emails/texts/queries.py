"""What the desk and the commands read about texts."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails.texts.built_in import TextKind
from emails.texts.models import EmailDraft, EmailText
from emails.texts.versions import texts_in_force, wording_of
from emails.wording import Wording
from survey.firms import get_firm
from survey.languages import LANGUAGES, choose
from survey.models import Contact
from survey.speech import one_line


@dataclass(frozen=True)
class TextRow:
    """One text as a list shows it. `own`: the version in force, unless it is the built-in text."""

    kind: TextKind
    language: str
    words: Wording
    newest: EmailText | None
    drafts: int
    readers: int

    @property
    def own(self) -> EmailText | None:
        return None if self.newest is None or self.newest.is_built_in else self.newest

    def as_dict(self) -> dict[str, Any]:
        """As the commands print it."""
        own = self.own
        return {
            "kind": self.kind.value,
            "language": self.language,
            "own": own is not None,
            "version": self.newest.version if self.newest else 0,
            "by": own.by.display_name if own and own.by else None,
            "at": own.at.isoformat() if own else None,
            **dict(self.words.items()),
        }


def overview(session: Session) -> list[TextRow]:
    """Every text in every language, the languages of most contacts first."""
    texts, readers = texts_in_force(session), _readers(session)
    counted = select(EmailDraft.kind, EmailDraft.language, func.count()).group_by(EmailDraft.kind, EmailDraft.language)
    drafts = {(kind, language): count for kind, language, count in session.execute(counted)}
    order = sorted(LANGUAGES, key=lambda language: (-readers[language], list(LANGUAGES).index(language)))
    return [
        TextRow(
            kind,
            language,
            wording_of(texts, kind, language),
            texts.get((kind, language)),
            drafts.get((kind, language), 0),
            readers[language],
        )
        for kind in TextKind
        for language in order
    ]


def sender_name(session: Session) -> str:
    """Who the emails say they are from."""
    firm = get_firm(session)
    return one_line(firm.sender_name or firm.name)


def _readers(session: Session) -> Counter[str]:
    """How many contacts get their emails in each language."""
    firm_language = get_firm(session).language
    found: Counter[str] = Counter()
    query = select(Contact.language, func.count()).where(Contact.left_at.is_(None)).group_by(Contact.language)
    for language, count in session.execute(query):
        found[choose([language, firm_language])] += count
    return found
