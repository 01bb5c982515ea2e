"""What a manager should know before a change of a questionnaire is published, and what can’t be. Pure.

An answer's name and the values of its options keep their meaning over all versions: figures of before and after are
only comparable so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from survey.languages import LANGUAGES
from survey.questionnaires.describing import TYPE_WORDS, count, listed, quoted, title
from survey.questionnaires.document import (
    CHOOSING,
    TOLD_TO_ALL,
    Confidentiality,
    Document,
    Option,
    Question,
    QuestionType,
)
from survey.questionnaires.references import wrong
from survey.questionnaires.retyping import called, retyped

ALIKE = 0.6  # similarity of two texts from which on one is read as the other in better words
SAME = 0.85  # … and from which on nobody needs to be asked


class Weight(StrEnum):
    """What a caution does to publishing."""

    REFUSED = "refused"  # it can't be published so
    CONFIRM = "confirm"  # somebody has to say that it is meant so
    NOTE = "note"  # good to know


@dataclass(frozen=True)
class Caution:
    """One thing to know, about the question named by `key` ("": about the whole). `lacks`: the ready-made question that
    would mend it."""

    weight: Weight
    text: str
    key: str = ""
    language: str = ""  # whose texts are missing, or the first of those
    lacks: str = ""


def cautions(
    earlier: Sequence[Document], after: Document, drafts: Sequence[Document] = (), *, promises: bool = False
) -> list[Caution]:
    """What to know before `after` is published. `earlier`: the versions so far, oldest first; `drafts`: what the draft
    was since; `promises`: whether the firm promises anything."""
    found = [*_kinds(earlier, after), *_values(earlier, after), *_kept_apart(after)]
    found += _conditions([*earlier[-1:], *drafts], after)
    if earlier:
        found += _comparing(earlier[-1], after)
    if promises and not after.asks_promise:
        text = "It does not ask whether you kept your service promise, so its answers say nothing about the steps."
        found.append(Caution(Weight.NOTE, text, lacks=QuestionType.PROMISE.value))
    found += _languages(earlier[-1] if earlier else None, after)
    order = list(Weight)
    return sorted(found, key=lambda caution: order.index(caution.weight))


def _name(document: Document, question: Question) -> str:
    return quoted(title(document, question))


def similarity(one: str, other: str) -> float:
    """0 … 1, whatever the case."""
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def _kinds(earlier: Sequence[Document], after: Document) -> Iterator[Caution]:
    for question in after.questions:
        was = next((old.by_key[question.key] for old in reversed(earlier) if question.key in old.by_key), None)
        if was is not None and was.type is not question.type:
            text = (
                f"{_name(after, question)} is called “{question.key}” in the data, as a question of another kind was "
                f"({TYPE_WORDS[was.type].name}). Add it as a new question, so that its answers are kept apart."
            )
            yield Caution(Weight.REFUSED, text, question.key)


def giving_away(document: Document) -> Iterator[tuple[str, str]]:
    """The questions whose being asked would tell a confidential answer, and why; the text goes on from the name."""
    for question in document.questions:
        asked = (document.by_key[one.question] for one in question.show_if if one.question in document.by_key)
        for told in asked:
            if told.confidentiality is Confidentiality.CONFIDENTIAL:
                text = (
                    f"is shown only after some answers to {_name(document, told)}, which are confidential: being asked "
                    "it gives away what somebody answered. Show it to everybody, or make it depend on another question."
                )
                yield question.key, text


def _kept_apart(after: Document) -> Iterator[Caution]:
    """What the clients are told of who reads an answer, and what is not so."""
    for key, text in giving_away(after):
        yield Caution(Weight.REFUSED, f"{_name(after, after.by_key[key])} {text}", key)
    for question in after.questions:
        name = _name(after, question)
        if question.confidentiality is Confidentiality.MANAGERS and _is_told_to_all(after, question):
            text = (
                f"{name} can’t be for managers only: the reasons of flags, which everybody at the desk reads, tell its "
                "answers. Ask it with the client’s name, or something else for managers only."
            )
            yield Caution(Weight.REFUSED, text, question.key)


def _is_told_to_all(document: Document, question: Question) -> bool:
    return question.key in TOLD_TO_ALL or question.key == document.lead.key


def _values(earlier: Sequence[Document], after: Document) -> Iterator[Caution]:
    for question in after.questions:
        if question.type not in CHOOSING:
            continue
        for option in question.options:
            known = [(old, found) for old in earlier if (found := _option(old, question.key, option.value))]
            if known:
                yield from _value(known[-1], earlier[-1], after, question, option)


def _option(document: Document, key: str, value: int) -> Option | None:
    question = document.by_key.get(key)
    return question.option(value) if question else None


def _value(
    known: tuple[Document, Option], newest: Document, after: Document, question: Question, option: Option
) -> Iterator[Caution]:
    document, was = known
    language = document.language if document.language in option.text else after.language
    old, new = was.text.get(language, ""), option.text.get(language, "")
    alike = similarity(old, new)
    if not old or not new or alike >= SAME:
        return
    name, before = _name(after, question), newest.by_key.get(question.key)
    others = {one.text.get(language, "").casefold() for one in before.options if one is not was} if before else set()
    again = f"take it out, and add {quoted(new)} as a new answer."
    if new.casefold() in others:
        text = (
            f"{name}: what was {quoted(old)} would count as {quoted(new)}, which is another answer. "
            "Change the order instead."
        )
        yield Caution(Weight.REFUSED, text, question.key)
    elif document is not newest:
        text = f"{name}: {quoted(new)} has the number of {quoted(old)}, which was taken out earlier: {again}"
        yield Caution(Weight.REFUSED, text, question.key)
    else:
        text = (
            f"{name}: everybody who chose {quoted(old)} so far will count as {quoted(new)}. If it "
            f"means something else: {again}"
        )
        yield Caution(Weight.CONFIRM, text, question.key)


def _conditions(before: Sequence[Document], after: Document) -> Iterator[Caution]:
    for one in wrong(after, before):
        yield Caution(Weight.CONFIRM, f"{_name(after, after.by_key[one.key])} {one.text}", one.key)


def _comparing(before: Document, after: Document) -> Iterator[Caution]:
    names = retyped(before, after)
    for old in names:
        was, is_ = before.by_key[old], after.by_key[names[old]]
        text = (
            f"{_name(after, is_)} is asked as {quoted(TYPE_WORDS[is_.type].name)} from now on, and was as "
            f"{quoted(TYPE_WORDS[was.type].name)}: its answers are counted apart. Those so far stay."
        )
        yield Caution(Weight.NOTE, text, is_.key)
    before = called(before, names)
    for question in before.questions:
        now = after.by_key.get(question.key)
        if now is None:
            yield Caution(Weight.NOTE, f"{_name(before, question)} gets no more answers. Those so far stay.")
            continue
        old, new = title(before, question), now.text.get(before.language, title(after, now))
        if similarity(old, new) < ALIKE:
            text = (
                f"{quoted(new)} asks something else than {quoted(old)} did: answers from before and "
                "after may not be comparable."
            )
            yield Caution(Weight.NOTE, text, now.key)
        if question.show_if != now.show_if:
            text = f"{_name(after, now)} is asked of other clients than before: compare its figures with care."
            yield Caution(Weight.NOTE, text, now.key)
        if question.confidentiality is Confidentiality.CONFIDENTIAL is not now.confidentiality:
            text = (
                f"Answers to {_name(after, now)} were confidential. From now on they carry the client’s "
                "name; those so far do not."
            )
            yield Caution(Weight.NOTE, text, now.key)
    if before.lead.key != after.lead.key:
        text = (
            f"The email offers the answers to {_name(after, after.lead)} now, instead of {_name(before, before.lead)}."
        )
        yield Caution(Weight.NOTE, text, after.lead.key)
    if {"csat", "nps"} & before.by_key.keys() and not {"csat", "nps"} & after.by_key.keys():
        text = "Neither a rating (csat) nor a recommendation (nps) is asked: the desk reads these two first of all."
        yield Caution(Weight.NOTE, text)


def _languages(before: Document | None, after: Document) -> Iterator[Caution]:
    gaps = {code: len(after.missing(code)) for code in LANGUAGES}
    was = set(before.languages()) if before else set()
    begun = {code for code in gaps if any(code in words for q in after.questions for _, words in q.wordings())}
    lost = [code for code, missing in gaps.items() if missing and code in was]
    open_ = [code for code, missing in gaps.items() if missing and code in begun - was]
    for weight, codes, so in (
        (Weight.CONFIRM, lost, "No longer complete"),
        (Weight.NOTE, open_, "Not complete"),
    ):
        if codes:
            names = listed(f"{LANGUAGES[code]} ({count(gaps[code], 'text')} missing)" for code in codes)
            them = f"read {LANGUAGES[codes[0]]}" if len(codes) == 1 else "read these"
            text = f"{so}: {names}. Clients who {them} get all of it in {LANGUAGES[after.language]} until then."
            yield Caution(weight, text, language=codes[0])
