"""What managers fill in: a job by hand, a contact, and why a survey is cancelled."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from typing_extensions import override
from wtforms import (
    DateField,
    DateTimeLocalField,
    DecimalField,
    Field,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from survey import cells
from survey.asking.closed_days import is_country
from survey.cells import BadCellError
from survey.editing import ContactChange, JobChange
from survey.jobs import JobRecord
from survey.models import Contact, Exclusion, Job, UpdateStage
from survey.updates import LONGEST as LONGEST_UPDATE

LARGEST_VALUE = cells.MONEY_LIMIT
EXCLUSION_CHOICES = (
    ("", "Ask about this job as usual"),
    (Exclusion.SPAM.value, "Never ask: spam"),
    (Exclusion.AUTO_CLOSED.value, "Never ask: closed automatically"),
    (Exclusion.INTERNAL.value, "Never ask: internal work"),
    (Exclusion.OTHER.value, "Never ask: another reason"),
)
ROLES = ("decision-maker", "day-to-day", "user", "billing")


def stripped(value: str | None) -> str:
    """What was typed without the spaces around it."""
    return (value or "").strip()


def text(field: StringField) -> str:
    """What a text field holds, "" for nothing."""
    return field.data or ""


def reads(reader: Callable[[str], Any]) -> Callable[[Form, Field], None]:
    """A validator that accepts what `reader` can read, and says what was expected otherwise."""

    def validate(_form: Form, field: Field) -> None:
        if not field.data:
            return
        try:
            reader(field.data)
        except BadCellError as error:
            message = str(error)
            raise ValidationError(f"{message[0].upper()}{message[1:]}.") from None

    return validate


def is_known_country(_form: Form, field: Field) -> None:
    """A validator: a country, or a part of one, whose holidays are known."""
    if field.data and not is_country(field.data):
        raise ValidationError("We know no such country. Write DE, or DE-BY for a part of it.")


class MomentField(DateTimeLocalField):
    """A day and a time on the firm's clock. `data` is naive; `at` makes it a moment."""

    @override
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Give a day and a time, such as 2026-03-10 14:30.") from None

    def at(self, zone: tzinfo) -> datetime | None:
        """The moment in UTC, None where the field is empty."""
        return self.data.replace(tzinfo=zone).astimezone(UTC) if self.data else None


def on_clock(moment: datetime | None, zone: tzinfo) -> datetime | None:
    """A moment as a `MomentField` shows it: naive, on the clock of `zone`, to the minute."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) if moment else None


class _JobFacts(Form):
    kind = StringField("Kind of work", filters=[stripped], validators=[Length(max=80)])
    summary = StringField("What it was about", filters=[stripped], validators=[Length(max=500)])
    opened_at = MomentField("Opened", validators=[Optional()])
    promised_at = MomentField("Promised for", validators=[Optional()])
    value = DecimalField(
        "Value",
        places=2,
        validators=[
            Optional(),
            NumberRange(-LARGEST_VALUE, LARGEST_VALUE, "That is too large."),
        ],
    )
    currency = StringField("Currency", filters=[stripped], validators=[reads(cells.read_currency)])

    def _not_before_opening(self, field: MomentField) -> None:
        if field.data and self.opened_at.data and field.data < self.opened_at.data:
            raise ValidationError("This is earlier than the job was opened.")


class NewJobForm(_JobFacts):
    """A job entered by hand. Dates are on the firm's clock; no closing date means that the job is still open."""

    client = StringField("Client", filters=[stripped], validators=[InputRequired("Say which client."), Length(max=200)])
    contact_email = StringField(
        "Contact’s email",
        filters=[stripped],
        validators=[InputRequired("Say who is asked."), reads(cells.read_address)],
    )
    contact_name = StringField("Contact’s name", filters=[stripped], validators=[Length(max=200)])
    contact_role = StringField("Role", filters=[stripped], validators=[Length(max=60)])
    contact_language = StringField("Language", filters=[stripped], validators=[reads(cells.read_language)])
    contact_timezone = StringField("Time zone", filters=[stripped], validators=[reads(cells.read_timezone)])
    external_id = StringField("Your reference", filters=[stripped], validators=[Length(max=120)])
    completed_at = MomentField("Closed", validators=[Optional()])
    staff = TextAreaField(
        "Who did the work",
        filters=[stripped],
        validators=[reads(lambda text: cells.read_staff(text.replace("\n", ";")))],
    )

    def validate_completed_at(self, field: MomentField) -> None:
        self._not_before_opening(field)

    def record(self, source: str, external_id: str, zone: tzinfo) -> JobRecord:
        """What was filled in, as a job of `source`."""
        return JobRecord(
            source=source,
            external_id=external_id,
            client=text(self.client),
            contact_email=text(self.contact_email),
            contact_name=text(self.contact_name),
            contact_role=text(self.contact_role),
            contact_language=text(self.contact_language),
            contact_timezone=text(self.contact_timezone),
            kind=text(self.kind),
            summary=text(self.summary),
            staff=cells.read_staff(text(self.staff).replace("\n", ";")),
            opened_at=self.opened_at.at(zone),
            promised_at=self.promised_at.at(zone),
            completed_at=self.completed_at.at(zone),
            value=self.value.data,
            currency=text(self.currency).upper(),
        )


class EditJobForm(_JobFacts):
    """The facts of a job that may be put right. Its closings are history and stay."""

    contact_id = SelectField("Contact", coerce=int)

    @classmethod
    def of(cls, job: Job, formdata: Any, zone: tzinfo) -> "EditJobForm":
        """The form for `job`, filled from the row or from what was sent."""
        form = cls(
            formdata,
            contact_id=job.contact_id,
            kind=job.kind,
            summary=job.summary,
            opened_at=on_clock(job.opened_at, zone),
            promised_at=on_clock(job.promised_at, zone),
            value=job.value,
            currency=job.currency,
        )
        form.contact_id.choices = [
            SelectChoice(str(contact.id), f"{contact.name or '–'} ({contact.email})") for contact in job.client.contacts
        ]
        return form

    def change(self, zone: tzinfo) -> JobChange:
        """What was filled in."""
        return JobChange(
            contact_id=self.contact_id.data,
            kind=text(self.kind),
            summary=text(self.summary),
            opened_at=self.opened_at.at(zone),
            promised_at=self.promised_at.at(zone),
            value=self.value.data,
            currency=text(self.currency).upper(),
        )


class CloseJobForm(Form):
    """Closing a job that is open."""

    completed_at = MomentField("Closed", validators=[InputRequired("Say when the job was closed.")])
    staff = TextAreaField(
        "Who did the work",
        filters=[stripped],
        validators=[reads(lambda text: cells.read_staff(text.replace("\n", ";")))],
    )

    def shares(self) -> Sequence[tuple[str, float]] | None:
        """Names and shares; None when nobody was named, which keeps those of the closing before."""
        return cells.read_staff(self.staff.data.replace("\n", ";")) if self.staff.data else None


class ContactForm(Form):
    """What we know of a contact."""

    name = StringField("Name", filters=[stripped], validators=[Length(max=200)])
    role = StringField("Role", filters=[stripped], validators=[Length(max=60)])
    language = StringField("Language", filters=[stripped], validators=[reads(cells.read_language)])
    timezone = StringField("Time zone", filters=[stripped], validators=[reads(cells.read_timezone)])
    left_at = MomentField("Left the client on", validators=[Optional()])
    country = StringField("Their country", filters=[stripped, str.upper], validators=[is_known_country])
    client_country = StringField("Their firm’s country", filters=[stripped, str.upper], validators=[is_known_country])

    @classmethod
    def of(cls, contact: Contact, formdata: Any, zone: tzinfo) -> "ContactForm":
        """The form for `contact`, filled from the row or from what was sent."""
        return cls(
            formdata,
            name=contact.name,
            role=contact.role,
            language=contact.language,
            timezone=contact.timezone,
            left_at=on_clock(contact.left_at, zone),
            country=contact.country,
            client_country=contact.client.country,
        )

    def change(self, zone: tzinfo) -> ContactChange:
        """What was filled in."""
        return ContactChange(
            name=text(self.name),
            role=text(self.role),
            language=text(self.language),
            timezone=text(self.timezone),
            left_at=self.left_at.at(zone),
            country=text(self.country),
            client_country=text(self.client_country),
        )


class TellForm(Form):
    """What a client reads of what became of their answer."""

    stage = RadioField(
        choices=[SelectChoice(stage.value) for stage in UpdateStage],
        validators=[InputRequired("Choose how far it is.")],
    )
    text = TextAreaField(filters=[stripped], validators=[Length(max=LONGEST_UPDATE)])
    by = DateField(validators=[Optional()])
