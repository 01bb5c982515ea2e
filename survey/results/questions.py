"""The questions whose answers are counted: those of several versions as one, where the key means the same. Pure.

A key names an answer for ever, and an option's value never changes its meaning. So answers to the same key are counted
together as long as the question is of the same type; where a later version asks something of another type under the
same key, they are two questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.questionnaires.answering import ALWAYS
from survey.questionnaires.document import (
    CHOOSING,
    STANDARD,
    TEXTS,
    Confidentiality,
    Document,
    Question,
    QuestionType,
)
from survey.questionnaires.wording import PLACEHOLDERS, fill

VersionId = int | None  # None: answers from before there were versions, and those of another tool
_DOTS = dict.fromkeys(PLACEHOLDERS, "…")


@dataclass(frozen=True)
class Version:
    """One version as the results know it. `number` is 0 for what has none."""

    id: VersionId
    questionnaire_id: int | None
    name: str  # of the questionnaire
    number: int
    document: Document
    firm: str = ""  # stands in wordings for {firm}

    @property
    def label(self) -> str:
        """How a table names it."""
        return f"Version {self.number}" if self.number else "Imported, or from before versions"


@dataclass(frozen=True)
class Asked:
    """A question with the versions that ask it; `question` is how the newest of them asks it."""

    question: Question
    versions: tuple[Version, ...]  # oldest first
    language: str  # of the texts shown
    still_asked: bool  # by the newest version, where it is one questionnaire’s

    @property
    def key(self) -> str:
        return self.question.key

    @property
    def type(self) -> QuestionType:
        return self.question.type

    @property
    def is_text(self) -> bool:
        return self.type in TEXTS

    @property
    def is_choosing(self) -> bool:
        return self.type in CHOOSING

    @property
    def text(self) -> str:
        """What clients read; what stands for the job's own words is an ellipsis."""
        return shown(self.question.text, self.language, self.versions[-1].firm if self.versions else "")

    @property
    def other_texts(self) -> tuple[str, ...]:
        """How other versions word it."""
        found = (
            shown(version.document.by_key[self.key].text, version.document.language, version.firm)
            for version in self.versions
            if self.key in version.document.by_key
        )
        return tuple(text for text in dict.fromkeys(found) if text != self.text)

    @property
    def options(self) -> Mapping[int, str]:
        """Value → text of every option that any of the versions offers, in the newest one's order."""
        found: dict[int, str] = {}
        for version in reversed(self.versions):
            asked = version.document.by_key.get(self.key)
            for option in asked.options if asked else ():
                found.setdefault(option.value, shown(option.text, version.document.language, version.firm))
        return found

    @property
    def managers_only(self) -> bool:
        """Whether every version keeps it for managers."""
        return bool(self.versions) and all(
            self.key in version.document.by_key
            and version.document.by_key[self.key].confidentiality is Confidentiality.MANAGERS
            for version in self.versions
        )


def shown(wording: Mapping[str, str], language: str, firm: str = "") -> str:
    """A wording as the desk shows it."""
    text = wording.get(language) or wording.get("en") or next(iter(wording.values()), "")
    return fill(text, _DOTS | {"firm": firm or "…"})


def merged(versions: Sequence[Version], *, shared_only: bool = False) -> list[Asked]:
    """The questions of these versions (oldest first), in the newest one's order, then those no longer asked. Last come
    the scales that every questionnaire takes from scripts and other tools. Confidential ones are not among them.

    `shared_only`: the keys alone that mean the same in every questionnaire, in the words of the first that asks them.
    """
    groups: dict[tuple[str, QuestionType], list[Version]] = {}
    newest = versions[-1] if versions else None
    told = sorted(versions, key=lambda one: (one.questionnaire_id or 0, -one.number)) if shared_only else versions[::-1]
    for version in told:
        for question in version.document.questions:
            if question.confidentiality is Confidentiality.CONFIDENTIAL or (
                shared_only and question.key not in STANDARD
            ):
                continue
            groups.setdefault((question.key, question.type), []).append(version)
    found = [
        Asked(
            asking[0].document.by_key[key],
            tuple(reversed(asking)),
            asking[0].document.language,
            shared_only or newest in asking,
        )
        for (key, _type), asking in groups.items()
    ]
    known = {asked.key for asked in found}
    always = [Asked(q, (), "en", False) for key, q in ALWAYS.items() if key not in known]
    return found + always


def versions_of(asked: Asked, versions: Sequence[Version]) -> frozenset[VersionId]:
    """The versions whose answers under this key belong to it: those that ask it, and, if no version asks something else
    under this key, every other one too: `csat` and the like are taken by all."""
    asking = {version.id for version in asked.versions}
    if asked.key not in ALWAYS:
        return frozenset(asking)
    return frozenset(version.id for version in versions)


def page_groups(document: Document) -> list[list[Question]]:
    """The questions of each page, as far as nothing is left out: a page's key is that of the first one shown on it."""
    groups: list[list[Question]] = []
    for question in document.questions:
        if question.with_previous and groups:
            groups[-1].append(question)
        else:
            groups.append([question])
    return groups
