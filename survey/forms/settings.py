"""What an admin fills in: the firm, people and keys."""

from wtforms import (
    EmailField,
    Field,
    Form,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import ColorInput

from survey import cells
from survey.colours import is_colour
from survey.firm_settings import Identity
from survey.forms.desk import reads, stripped, text
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
