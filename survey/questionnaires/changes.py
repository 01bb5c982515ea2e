"""What differs between two versions of a questionnaire, in sentences that a manager understands. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from survey.languages import LANGUAGES
from survey.questionnaires.describing import (
    CONFIDENTIALITY_WORDS,
    TYPE_WORDS,
    count,
    listed,
    quoted,
    shown_in_words,
    title,
)
from survey.questionnaires.document import Document, Question, Wording
from survey.questionnaires.retyping import called, retyped
from survey.questionnaires.translating import texts_of

Steps = Mapping[str, str]  # key → text of the service promise
NO_STEPS: Steps = {}


def differences(before: Document | None, after: Document, steps: Steps = NO_STEPS, moved: str = "") -> list[str]:
    """What was changed, most telling first; nothing for equal documents. `before` None: there was no version.

    `moved` is the question somebody moved, where that is known: of two that changed places, it is the one named.
    """
    if before is None:
        languages = listed(LANGUAGES[code] for code in after.languages())
        return [f"The first version: {count(len(after.questions), 'question')}, in {languages}."]
    if before == after:
        return []
    before = called(before, retyped(before, after))  # a question of another type under another name is still that one
    kept = [question.key for question in after.questions if question.key in before.by_key]
    found = [f"No longer asks: {_name(before, one)}." for one in before.questions if one.key not in after.by_key]
    found += [f"One more question: {_name(after, one)}." for one in after.questions if one.key not in before.by_key]
    for key in kept:
        found += _of_question(before, after, before.by_key[key], after.by_key[key], steps)
    found += _order(before, after, kept, moved)
    found += _translations(before, after)
    found += _frame(before, after)
    return [_once_ended(sentence) for sentence in found] or ["Says the same in another form."]


def _once_ended(sentence: str) -> str:
    """A sentence that ends in a quoted one ends as that does."""
    return sentence.removesuffix(".") if sentence.endswith((".’.", "?’.", "!’.")) else sentence


def _name(document: Document, question: Question) -> str:
    return quoted(title(document, question))


def _of_question(before: Document, after: Document, old: Question, new: Question, steps: Steps) -> list[str]:
    was, name = _name(before, old), _name(after, new)
    found = []
    if old.type is not new.type:
        found.append(f"{name} is now asked as {_typed(new)} instead of {_typed(old)}.")
    if was != name or title(before, old) != title(after, new):
        found.append(f"{was} now reads: {name}.")
    found += _hint(before, after, old, new)
    found += _prompts(before, after, old, new)
    found += _options(before, after, old, new)
    if (condition := shown_in_words(new, after, steps)) != shown_in_words(old, after, steps):
        found.append(f"{name} is shown: {_lowered(condition)}." if condition else f"{name} is now shown to everybody.")
    if old.with_previous != new.with_previous:
        page = "is now on the same page as the question before it" if new.with_previous else "now has a page of its own"
        found.append(f"{name} {page}.")
    if old.confidentiality is not new.confidentiality:
        found.append(f"Answers to {name}: {_lowered(CONFIDENTIALITY_WORDS[new.confidentiality][0])} from now on.")
    return found


def _typed(question: Question) -> str:
    return quoted(TYPE_WORDS[question.type].name)


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _said(document: Document, wording: Wording) -> str:
    return wording.get(document.language, "")


def _hint(before: Document, after: Document, old: Question, new: Question) -> list[str]:
    was, now, name = _said(before, old.hint), _said(after, new.hint), _name(after, new)
    if was == now:
        return []
    return [f"The hint under {name} now reads: {quoted(now)}." if now else f"{name} no longer has a hint."]


def _prompts(before: Document, after: Document, old: Question, new: Question) -> list[str]:
    name, found = _name(after, new), []
    for rating in sorted(old.prompts.keys() | new.prompts.keys(), reverse=True):
        was, now = _said(before, old.prompts.get(rating, {})), _said(after, new.prompts.get(rating, {}))
        if was != now and now:
            found.append(f"{name} asks after a rating of {rating}: {quoted(now)}.")
        elif was != now:
            found.append(f"{name} no longer asks anything else after a rating of {rating}.")
    return found


def _options(before: Document, after: Document, old: Question, new: Question) -> list[str]:
    name, found = _name(after, new), []
    was = {option.value: option for option in old.options}
    now = {option.value: option for option in new.options}
    if gone := [quoted(_said(before, was[value].text)) for value in was if value not in now]:
        found.append(f"{name} no longer offers {listed(gone)}.")
    if more := [quoted(_said(after, now[value].text)) for value in now if value not in was]:
        found.append(f"{name} offers {count(len(more), 'more answer')}: {listed(more)}.")
    for value in (value for value in now if value in was):
        text, earlier = _said(after, now[value].text), _said(before, was[value].text)
        if text != earlier:
            found.append(f"{name}: the answer {quoted(earlier)} now reads: {quoted(text)}.")
        if now[value].other != was[value].other:
            asks = "now asks for the client’s own words" if now[value].other else "no longer asks for words"
            found.append(f"{name}: the answer {quoted(text)} {asks}.")
    if [value for value in was if value in now] != [value for value in now if value in was]:
        found.append(f"{name} offers its answers in another order.")
    return found


def _order(before: Document, after: Document, kept: Sequence[str], moved: str) -> list[str]:
    """Which questions moved: the fewest whose moving explains the new order."""
    places = {question.key: place for place, question in enumerate(before.questions)}
    still = _rising([places[key] for key in kept])
    others = [at for at, key in enumerate(kept) if key != moved]
    if len(others) < len(kept) == len(still) + 1 and [places[kept[at]] for at in others] == sorted(
        places[kept[at]] for at in others
    ):
        still = set(others)
    found = []
    for at, key in enumerate(kept):
        if at not in still:
            place = after.questions.index(after.by_key[key])
            name = _name(after, after.by_key[key])
            earlier = _name(after, after.questions[place - 1]) if place else ""
            found.append(f"{name} now comes after {earlier}." if earlier else f"{name} now comes first.")
    return found


def _rising(numbers: Sequence[int]) -> set[int]:
    """The places of a longest rising row among `numbers` (all different)."""
    ends: list[int] = []  # for each length, the place of the lowest number that ends a row of it
    before: list[int | None] = []
    for at, number in enumerate(numbers):
        length = bisect_left([numbers[place] for place in ends], number)
        before.append(ends[length - 1] if length else None)
        ends[length:] = [at, *ends[length + 1 :]]
    found: set[int] = set()
    at_ = ends[-1] if ends else None
    while at_ is not None:
        found.add(at_)
        at_ = before[at_]
    return found


def _translations(before: Document, after: Document) -> list[str]:
    found = []
    for language, name in LANGUAGES.items():
        if language == after.language:
            continue
        was, now = texts_of(before, language), texts_of(after, language)
        tally: Counter[str] = Counter()
        for place in was.keys() & now.keys():
            if was[place] != now[place]:
                tally["taken out" if not now[place] else "changed" if was[place] else "new"] += 1
        if tally:
            said = listed(f"{tally[kind]} {kind}" for kind in ("new", "changed", "taken out") if tally[kind])
            found.append(f"Translation into {name}: {said}.")
    return found


def _frame(before: Document, after: Document) -> list[str]:
    found = []
    if before.language != after.language:
        found.append(f"Is now written in {LANGUAGES[after.language]} instead of {LANGUAGES[before.language]}.")
    if before.about != after.about:
        found.append("What it is for is described in other words.")
    if before.source != after.source:
        found.append("Where its questions come from is described in other words.")
    return found
