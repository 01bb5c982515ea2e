"""What somebody fills in to word an email."""

from collections.abc import Sequence

from wtforms import Form, HiddenField, StringField, TextAreaField

from emails.texts.checks import LONGEST_TEXT, Finding, Level
from emails.wording import Wording, cleaned


class TextForm(Form):
    """One text. `expected` is the version that it was written upon."""

    subject = StringField("Subject")
    opening = TextAreaField("Above the ratings")
    closing = TextAreaField("Below the ratings")
    expected = HiddenField()

    @classmethod
    def of(cls, words: Wording, expected: int) -> "TextForm":
        """The form filled with a text."""
        return cls(data={**dict(words.items()), "expected": str(expected)})

    def words(self) -> Wording:
        """What was sent, cut where nobody would read on."""
        return cleaned(
            (self.subject.data or "")[:LONGEST_TEXT],
            (self.opening.data or "")[: LONGEST_TEXT + 1],
            (self.closing.data or "")[: LONGEST_TEXT + 1],
        )

    def expected_version(self) -> int | None:
        """The version that the text was written upon; None when the form does not say."""
        text = self.expected.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None

    def show(self, findings: Sequence[Finding]) -> None:
        """Put the errors at their fields."""
        for name in ("subject", "opening", "closing"):
            errors = [one.text for one in findings if one.field == name and one.level is Level.ERROR]
            if errors:
                self[name].errors = errors
