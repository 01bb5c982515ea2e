"""What people fill in on the desk about flags and clients."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from analysis.desk.words import OUTCOME_WORDS
from analysis.flags.followups import NOTE_LENGTH
from survey import clock
from survey.users import User

NOBODY = "nobody"
FRIDAY = 4


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _note(label: str, field_id: str, *, required: str = "") -> TextAreaField:
    """`field_id` tells the notes of one page's forms apart."""
    first = DataRequired(message=required) if required else Optional()  # blanks alone are no note
    too_long = Length(max=NOTE_LENGTH, message=f"Please keep the note under {NOTE_LENGTH:,} characters.")
    return TextAreaField(label, id=field_id, validators=[first, too_long], filters=[_strip])


class OwnerForm(FlaskForm):  # type: ignore[misc]
    """Whose flag or client it is."""

    owner = SelectField("Owner")

    def offer(self, people: Iterable[User], owner_id: int | None) -> "OwnerForm":
        """Set the choices: everybody who can act, or nobody."""
        offered = (SelectChoice(str(user.id), user.display_name) for user in people)
        self.owner.choices = [SelectChoice(NOBODY, "Nobody yet"), *offered]
        if not self.is_submitted():
            self.owner.data = str(owner_id) if owner_id else NOBODY
        return self

    @property
    def owner_id(self) -> int | None:
        return None if self.owner.data in {None, NOBODY} else int(self.owner.data)


class PromiseForm(FlaskForm):  # type: ignore[misc]
    """A call promised by the end of a day."""

    by = DateField("Call by", validators=[InputRequired(message="Please choose the day you promised.")])
    note = _note("What did you promise?", "promise-note")

    def suggest(self, now: datetime) -> "PromiseForm":
        """Offer the next working day."""
        if not self.is_submitted():
            day = now.date() + timedelta(days=1)
            self.by.data = day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > FRIDAY else day
        return self

    def validate_by(self, field: DateField) -> None:
        if field.data and field.data < clock.now().date() - timedelta(days=1):  # a day of grace: zones differ
            raise ValidationError("This day has passed. Please choose one still to come.")

    def due_at(self, timezone: str) -> datetime:
        """The end of the chosen day where the firm is, in UTC."""
        day = self.by.data
        assert isinstance(day, date), "only asked of a valid form"
        return datetime.combine(day, time(23, 59), ZoneInfo(timezone)).astimezone(UTC)


class ContactForm(FlaskForm):  # type: ignore[misc]
    """That somebody spoke with the client."""

    note = _note("What came of it?", "contact-note")


class NoteForm(FlaskForm):  # type: ignore[misc]
    """Something the next person should know."""

    note = _note("Note", "note-note", required="Please write something before saving the note.")


class ResolveForm(FlaskForm):  # type: ignore[misc]
    """How it ended."""

    result = RadioField(
        "What came of it?",
        choices=[SelectChoice(result.value, word) for result, word in OUTCOME_WORDS.items()],
        validators=[InputRequired(message="Please choose what came of it.")],
    )
    note = _note("What happened?", "resolve-note", required="Please write what happened: the next person reads it.")


class SubjectForm(FlaskForm):  # type: ignore[misc]
    """A subject of the firm's own; the service decides whether it is one."""

    name = StringField("Name")
    examples = TextAreaField("Sentences, one a line")

    @property
    def called(self) -> str:
        return str(self.name.data or "")

    @property
    def sentences(self) -> list[str]:
        return str(self.examples.data or "").splitlines()

    def refuse(self, why: str, field: str | None) -> None:
        """Say what is wrong, at the field it concerns."""
        (self.name if field == "name" else self.examples).errors = [why]
