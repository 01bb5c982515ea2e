"""The parts of a question's form that have rows: answers to choose from, and when it is shown.

Rows are added, moved and taken out by buttons that send the form as it stands, so that nothing typed is lost and no
JavaScript is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from typing_extensions import override
from wtforms import Field, Form
from wtforms.validators import ValidationError

from survey.questionnaires.conditions import JOB_KIND, Subject, condition_of, subject_of, values_of
from survey.questionnaires.document import MOST_OPTIONS, Condition
from survey.questionnaires.translating import why_no_text
from survey.questionnaires.wording import clean_wording

FEWEST_OPTIONS = 2
MOST_CONDITIONS = 8


def wording(_form: Form, field_: Field) -> None:
    """A validator: what is typed can stand in a questionnaire."""
    if why := why_no_text(field_.data or ""):
        raise ValidationError(why)


def _at(act: str) -> tuple[str, int]:
    """What a button's name says: "up-2" → ("up", 2)."""
    name, _dash, number = act.partition("-")
    return name, int(number) if number.isdecimal() else -1


@dataclass(frozen=True)
class OptionRow:
    """One answer as typed; `value` is "" for a new one."""

    value: str = ""
    text: str = ""
    other: bool = False


class OptionsField(Field):
    """Answers to choose from, one a row: `option_value` and `option_text` repeat, `option_other` holds row numbers."""

    rows: list[OptionRow]
    row_errors: dict[int, str]

    @override
    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.row_errors = {}
        self.rows = [OptionRow(str(value), text, other) for value, text, other in data or []]
        if formdata is not None and "option_text" in formdata:
            values, texts = formdata.getlist("option_value"), formdata.getlist("option_text")
            ticked = set(formdata.getlist("option_other"))
            pairs = zip(values, texts, strict=False)
            self.rows = [OptionRow(value, text, str(at) in ticked) for at, (value, text) in enumerate(pairs)]
        self.rows += [OptionRow()] * (FEWEST_OPTIONS - len(self.rows))
        self.data = self.rows

    def rearrange(self, act: str) -> None:
        """Add a row, move one up or down, or take it out."""
        name, at = _at(act)
        if name == "add" and len(self.rows) < MOST_OPTIONS:
            self.rows.append(OptionRow())
        elif name == "out" and 0 <= at < len(self.rows):
            del self.rows[at]
        elif name in {"up", "down"} and 0 <= at < len(self.rows):
            row = self.rows.pop(at)
            self.rows.insert(max(0, at + (-1 if name == "up" else 1)), row)

    @override
    def pre_validate(self, form: Any) -> None:
        seen: set[str] = set()
        for at, row in enumerate(self.rows):
            said = clean_wording(row.text)
            if why := why_no_text(row.text):
                self.row_errors[at] = why
            elif said and said.casefold() in seen:
                self.row_errors[at] = "This answer is there already."
            seen.add(said.casefold())
        if self.row_errors:
            raise ValidationError(" ".join(f"Answer {at + 1}: {why}" for at, why in self.row_errors.items()))
        written = self.chosen()
        if not FEWEST_OPTIONS <= len(written) <= MOST_OPTIONS:
            raise ValidationError(f"Write {FEWEST_OPTIONS} to {MOST_OPTIONS} answers; an empty one is left out.")
        if sum(other for _value, _text, other in written) > 1:
            raise ValidationError("Only one answer can ask for the client’s own words.")

    def chosen(self) -> list[tuple[int | None, str, bool]]:
        """(value or None, text, asks for own words) of every row that has a text."""
        return [
            (int(row.value) if row.value.isdecimal() else None, clean_wording(row.text), row.other)
            for row in self.rows
            if clean_wording(row.text)
        ]


@dataclass(frozen=True)
class ConditionRow:
    """One condition as filled in. `was` is what its boxes are about; another `on` needs other boxes."""

    on: str = ""
    was: str = ""
    values: Sequence[str] = ()
    kinds: str = ""  # of job, with commas between
    error: str = field(default="", compare=False)

    @property
    def is_new(self) -> bool:
        return self.on != self.was


class ConditionsField(Field):
    """When a question is shown: rows of `on-N`, `was-N`, and `is-N` (boxes) or `kinds-N` (words)."""

    rows: list[ConditionRow]
    subjects: Sequence[Subject] = ()
    made: list[Condition]
    sent: bool

    @override
    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.data = list(data or [])
        self.made = self.data
        self.rows = []
        self.sent = formdata is not None
        if formdata is None:
            return
        at = 0
        while f"on-{at}" in formdata and at < MOST_CONDITIONS:
            on, was = formdata[f"on-{at}"], formdata.get(f"was-{at}", "")
            values = formdata.getlist(f"is-{at}") if on == was else []
            self.rows.append(ConditionRow(on, was, values, formdata.get(f"kinds-{at}", "")))
            at += 1

    def shown(self) -> list[ConditionRow]:
        """The rows, those of the question itself where nothing was sent."""
        if self.sent:
            return self.rows
        known = {subject.name: subject for subject in self.subjects}
        found = []
        for condition in self.data:
            name = subject_of(condition)
            values = values_of(condition, known.get(name))
            kinds = ", ".join(values) if name == JOB_KIND else ""
            found.append(ConditionRow(name, name, [] if kinds else values, kinds))
        return found

    def subject(self, name: str) -> Subject | None:
        """What a row is about."""
        return next((one for one in self.subjects if one.name == name), None)

    def rearrange(self, act: str) -> None:
        """Add a row, take one out, or only look what it may be about."""
        name, at = _at(act)
        if name == "add" and len(self.rows) < MOST_CONDITIONS:
            self.rows.append(ConditionRow())
        elif name == "out" and 0 <= at < len(self.rows):
            del self.rows[at]

    @override
    def pre_validate(self, form: Any) -> None:
        self.made = []
        for at, row in enumerate(self.rows):
            if not row.on:
                continue
            error = self._read(row)
            if error:
                self.rows[at] = replace(row, error=error)
        if errors := [row.error for row in self.rows if row.error]:
            raise ValidationError(" ".join(dict.fromkeys(errors)))

    def _read(self, row: ConditionRow) -> str:
        """Take one row; what is wrong with it, if anything."""
        subject = self.subject(row.on)
        if subject is None:
            return "That question is not asked before this one any more. Choose another."
        if row.on == JOB_KIND:
            chosen = list(dict.fromkeys(kind.strip() for kind in row.kinds.split(",") if kind.strip()))
            if not chosen:
                return "Name at least one kind of job."
        else:
            chosen = [value for value in row.values if value in subject.values]
            if not chosen:
                return f"{subject.label}: tick at least one."
            if len(chosen) == len(subject.values):
                return f"{subject.label}: everything is ticked, so this hides the question from nobody. Tick fewer."
        self.made.append(condition_of(subject, chosen))
        return ""
