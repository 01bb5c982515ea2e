"""What the API takes: strict documents, unknown fields refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from survey import cells
from survey.errors import InvalidInputError
from survey.jobs import JobRecord
from survey.models import Exclusion, InvitationState

PAGE_SIZE = 50
PAGE_LIMIT = 200
CURSOR_PREFIX = "after-"


def _only_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("expected a text such as 2026-03-10T14:30:00+01:00")
    return value


def _sensible(moment: datetime) -> datetime:
    if moment.year not in cells.YEARS:
        raise ValueError(f"expected a year from {cells.YEARS.start} to {cells.YEARS.stop - 1}")
    return moment.astimezone(UTC)


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number, such as 1234.50")
    return value


def _maybe(read: Any) -> AfterValidator:
    return AfterValidator(lambda value: read(value) if value else "")


Name120 = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(cells.text_up_to(120))]
Name200 = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(cells.text_up_to(200))]
Name60 = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(cells.text_up_to(60))]
Text120 = Annotated[str, Field(max_length=120), AfterValidator(cells.text_up_to(120))]
Text200 = Annotated[str, Field(max_length=200), AfterValidator(cells.text_up_to(200))]
Text500 = Annotated[str, Field(max_length=500), AfterValidator(cells.text_up_to(500))]
Text60 = Annotated[str, Field(max_length=60), AfterValidator(cells.text_up_to(60))]
Text80 = Annotated[str, Field(max_length=80), AfterValidator(cells.text_up_to(80))]
Moment = Annotated[AwareDatetime, BeforeValidator(_only_text), AfterValidator(_sensible), Field(strict=False)]
Amount = Annotated[Decimal, BeforeValidator(_no_truth), Field(strict=False, max_digits=12, decimal_places=2)]
Address = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(cells.read_address)]
Language = Annotated[str, Field(max_length=10), _maybe(cells.read_language)]
Timezone = Annotated[str, Field(max_length=64), _maybe(cells.read_timezone)]
Currency = Annotated[str, Field(max_length=3), _maybe(cells.read_currency)]


class _Taken(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", str_strip_whitespace=True, frozen=True)


class StaffShare(_Taken):
    """Who did the work, and how much of it; only the proportion of the shares counts."""

    name: Name120
    share: Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)] = 1.0


class JobDocument(_Taken):
    """A job as its source describes it. `completed_at` is null while the job is open."""

    source: Name60
    external_id: Name120
    client: Name200
    contact_email: Address
    completed_at: Moment | None
    client_ref: Text120 = ""
    contact_name: Text200 = ""
    contact_role: Text60 = ""
    contact_language: Language = ""
    contact_timezone: Timezone = ""
    kind: Text80 = ""
    summary: Text500 = ""
    staff: Annotated[list[StaffShare], Field(max_length=50)] = []
    opened_at: Moment | None = None
    promised_at: Moment | None = None
    value: Amount | None = None
    currency: Currency = ""
    exclusion: Annotated[Exclusion, Field(strict=False)] | None = None

    def record(self) -> JobRecord:
        """The document as the service takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return JobRecord(**{**values, "staff": tuple((person.name, person.share) for person in self.staff)})


class PageQuery(BaseModel):
    """Which page of a list: `cursor` is the `next` of the page before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Annotated[str, Field(max_length=40)] = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = PAGE_SIZE

    @property
    def after(self) -> int:
        """The id after which the page starts.

        Raises:
            InvalidInputError: the cursor is not one of ours.
        """
        number = self.cursor.removeprefix(CURSOR_PREFIX)
        if not self.cursor:
            return 0
        if number == self.cursor or not number.isascii() or not number.isdecimal() or len(number) > 18:
            raise InvalidInputError("The cursor is not one that this API gave out.", "cursor")
        return int(number)


class InvitationQuery(PageQuery):
    """Which page, and only invitations in one state."""

    state: InvitationState | None = None
