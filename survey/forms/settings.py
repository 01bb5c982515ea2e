"""What an admin fills in: the firm, its survey rules, people and keys."""

from collections.abc import Sequence
from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    Field,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import ColorInput

from survey import cells
from survey.colours import is_colour
from survey.firm_settings import Identity, SurveyRules
from survey.forms.desk import reads, stripped, text
from survey.models import Firm
from survey.users import ROLES

LANGUAGES = (
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pt", "Português"),
    ("pl", "Polski"),
    ("sv", "Svenska"),
    ("da", "Dansk"),
)
ROLE_CHOICES = [(name, f"{name.capitalize()}: {what[0].lower()}{what[1:]}") for name, what in reversed(ROLES.items())]
_NUMBER = "Give a whole number."


def _whole(label: str, lowest: int, highest: int, *, optional: bool = False) -> IntegerField:
    needed = Optional() if optional else InputRequired("Give a number.")
    inside = NumberRange(lowest, highest, f"Give a whole number from {lowest} to {highest}.")
    return IntegerField(label, validators=[needed, inside])


class FirmForm(Form):
    """How the firm looks to its clients."""

    name = StringField(
        "Name", filters=[stripped], validators=[InputRequired("Your firm needs a name."), Length(max=120)]
    )
    colour = StringField("Colour", filters=[stripped, str.lower], widget=ColorInput())
    website = StringField("Website", filters=[stripped], validators=[Length(max=300)])
    postal_address = TextAreaField("Postal address", filters=[stripped], validators=[Length(max=300)])
    sender_name = StringField("Sender’s name", filters=[stripped], validators=[Length(max=120)])
    sender_email = EmailField("Sender’s address", filters=[stripped], validators=[reads(cells.read_address)])
    reply_to = EmailField("Answers go to", filters=[stripped], validators=[reads(cells.read_address)])
    language = SelectField("Language", choices=[SelectChoice(code, name) for code, name in LANGUAGES])
    timezone = StringField(
        "Time zone",
        filters=[stripped],
        validators=[InputRequired("Say in which time zone you work."), reads(cells.read_timezone)],
    )
    currency = StringField(
        "Currency",
        filters=[stripped, str.upper],
        validators=[InputRequired("Say in which currency you charge."), reads(cells.read_currency)],
    )

    def validate_colour(self, field: Field) -> None:
        if not is_colour(field.data or ""):
            raise ValidationError("Give a colour as # and six digits, such as #0f6b5c.")

    def validate_website(self, field: Field) -> None:
        if field.data and not field.data.startswith(("https://", "http://")):
            raise ValidationError("Begin with https://")

    def identity(self) -> Identity:
        """What was filled in."""
        return Identity(
            name=text(self.name),
            colour=text(self.colour),
            website=text(self.website),
            postal_address=text(self.postal_address),
            sender_name=text(self.sender_name),
            sender_email=text(self.sender_email).lower(),
            reply_to=text(self.reply_to).lower(),
            language=self.language.data,
            timezone=text(self.timezone),
            currency=text(self.currency),
        )


class RulesForm(Form):
    """When and whom the firm asks."""

    delay_hours = _whole("Hours after closing", 0, 24 * 14)
    send_from = TimeField("From", validators=[InputRequired("Give a time, such as 09:00.")])
    send_until = TimeField("Until", validators=[InputRequired("Give a time, such as 19:00.")])
    reminder_after_days = _whole("Remind after (days)", 1, 30, optional=True)
    expire_after_days = _whole("Close the survey after (days)", 1, 60)
    contact_rest_days = _whole("Days of rest for each contact", 0, 365)
    client_budget = _whole("Most surveys for one client", 1, 1000)
    client_budget_days = _whole("… in how many days", 1, 365)
    hold_while_hurting = BooleanField("Hold surveys while a client has an open flag")
    known_kinds = SelectMultipleField("Kinds of work never asked about", validate_choice=False)
    other_kinds = TextAreaField("Other kinds", filters=[stripped])

    @classmethod
    def of(cls, firm: Firm, formdata: Any, kinds: Sequence[str]) -> "RulesForm":
        """The form for `firm`; `kinds` are those that occur among its jobs."""
        known = {kind.casefold(): kind for kind in kinds}
        excluded = [kind.casefold() for kind in firm.excluded_kinds]
        form = cls(
            formdata,
            obj=firm,
            known_kinds=[known[kind] for kind in excluded if kind in known],
            other_kinds="\n".join(kind for kind in excluded if kind not in known),
        )
        form.known_kinds.choices = [SelectChoice(kind, kind) for kind in kinds]
        return form

    def validate_send_until(self, field: Field) -> None:
        if field.data and self.send_from.data and field.data == self.send_from.data:
            raise ValidationError("This leaves no time to send. Use 00:00 until 23:59 for the whole day.")

    def validate_reminder_after_days(self, field: Field) -> None:
        if field.data and self.expire_after_days.data and field.data >= self.expire_after_days.data:
            raise ValidationError("The survey would be closed by then. Remind earlier, or close it later.")

    def rules(self) -> SurveyRules:
        """What was filled in and found valid; kinds case-folded, each once."""
        assert self.send_from.data is not None
        assert self.send_until.data is not None
        kinds = [*(self.known_kinds.data or []), *text(self.other_kinds).splitlines()]
        return SurveyRules(
            delay_hours=self.delay_hours.data or 0,
            send_from=self.send_from.data,
            send_until=self.send_until.data,
            reminder_after_days=self.reminder_after_days.data,
            expire_after_days=self.expire_after_days.data or 1,
            contact_rest_days=self.contact_rest_days.data or 0,
            client_budget=self.client_budget.data or 1,
            client_budget_days=self.client_budget_days.data or 1,
            hold_while_hurting=self.hold_while_hurting.data,
            excluded_kinds=sorted({kind.strip().casefold() for kind in kinds if kind.strip()}),
        )


class PersonForm(Form):
    """Somebody who may sign in."""

    email = EmailField(
        "Email", filters=[stripped], validators=[InputRequired("Say whom to invite."), reads(cells.read_address)]
    )
    name = StringField("Name", filters=[stripped], validators=[Length(max=120)])
    role = SelectField("Role", choices=[SelectChoice(name, told) for name, told in ROLE_CHOICES])


class KeyForm(Form):
    """A program that may use the API."""

    name = StringField(
        "What is it for?", filters=[stripped], validators=[InputRequired("Give the key a name."), Length(max=120)]
    )
