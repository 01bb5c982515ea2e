"""What the API takes and gives: strict documents, unknown fields refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from survey import cells
from survey.errors import InvalidInputError
from survey.jobs import JobRecord
from survey.models import Exclusion, Invitation, InvitationState, Job, Resolution, SurveyResponse

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


def _text(limit: int, *, least: int = 0) -> Any:
    return Annotated[str, Field(min_length=least, max_length=limit), AfterValidator(cells.text_up_to(limit))]


def _maybe(read: Any) -> AfterValidator:
    return AfterValidator(lambda value: read(value) if value else "")


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

    name: _text(120, least=1)  # type: ignore[valid-type]
    share: Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)] = 1.0


class JobDocument(_Taken):
    """A job as its source describes it. `completed_at` is null while the job is open."""

    source: _text(60, least=1)  # type: ignore[valid-type]
    external_id: _text(120, least=1)  # type: ignore[valid-type]
    client: _text(200, least=1)  # type: ignore[valid-type]
    contact_email: Address
    completed_at: Moment | None
    client_ref: _text(120) = ""  # type: ignore[valid-type]
    contact_name: _text(200) = ""  # type: ignore[valid-type]
    contact_role: _text(60) = ""  # type: ignore[valid-type]
    contact_language: Language = ""
    contact_timezone: Timezone = ""
    kind: _text(80) = ""  # type: ignore[valid-type]
    summary: _text(500) = ""  # type: ignore[valid-type]
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


def cursor(after: int | None) -> str | None:
    """The opaque name of the page after the row with this id; None after the last."""
    return None if after is None else f"{CURSOR_PREFIX}{after}"


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True)


class VerdictOut(_Given):
    """One rule's answer."""

    rule: str
    passed: bool
    why: str


class InvitationSummary(_Given):
    """Where the survey about one closing stands, and why."""

    state: InvitationState
    reason: str
    due_at: AwareDatetime
    expires_at: AwareDatetime
    sent_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    verdicts: list[VerdictOut]

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationSummary":
        return cls(
            state=invitation.state,
            reason=invitation.reason,
            due_at=invitation.due_at,
            expires_at=invitation.expires_at,
            sent_at=invitation.sent_at,
            answered_at=invitation.answered_at,
            verdicts=[VerdictOut(**verdict) for verdict in invitation.verdicts],
        )


class StaffOut(_Given):
    """Who did the work; the shares of one closing add up to 1."""

    name: str
    share: float


class ResolutionOut(_Given):
    """One closing of a job. `invitation` is null until the worker has decided, usually within a second."""

    sequence: int
    completed_at: AwareDatetime
    reopened_at: AwareDatetime | None
    staff: list[StaffOut]
    invitation: InvitationSummary | None

    @classmethod
    def of(cls, resolution: Resolution) -> "ResolutionOut":
        return cls(
            sequence=resolution.sequence,
            completed_at=resolution.completed_at,
            reopened_at=resolution.reopened_at,
            staff=[StaffOut(name=person.name, share=person.share) for person in resolution.staff],
            invitation=InvitationSummary.of(resolution.invitation) if resolution.invitation else None,
        )


class ClientOut(_Given):
    """The client: `ref` is the source's reference, or one made from the name."""

    ref: str
    name: str


class ContactOut(_Given):
    """The person who is asked."""

    email: str
    name: str
    role: str
    language: str
    timezone: str


class JobOut(_Given):
    """A job as it is known now; `resolution` is its latest closing, null if it was never closed."""

    source: str
    external_id: str
    client: ClientOut
    contact: ContactOut
    kind: str
    summary: str
    opened_at: AwareDatetime | None
    promised_at: AwareDatetime | None
    value: Decimal | None
    currency: str
    exclusion: Exclusion | None
    open: bool
    resolution: ResolutionOut | None
    earlier_resolutions: list[ResolutionOut]

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        resolutions = [ResolutionOut.of(resolution) for resolution in job.resolutions]
        contact = job.contact
        return cls(
            source=job.source,
            external_id=job.external_id,
            client=ClientOut(ref=job.client.ref, name=job.client.name),
            contact=ContactOut(
                email=contact.email,
                name=contact.name,
                role=contact.role,
                language=contact.language,
                timezone=contact.timezone,
            ),
            kind=job.kind,
            summary=job.summary,
            opened_at=job.opened_at,
            promised_at=job.promised_at,
            value=job.value,
            currency=job.currency,
            exclusion=job.exclusion,
            open=job.is_open,
            resolution=resolutions[-1] if resolutions else None,
            earlier_resolutions=resolutions[:-1],
        )


class InvitationOut(InvitationSummary):
    """One invitation with the job, the client and the contact it is about."""

    id: int
    source: str
    external_id: str
    sequence: int
    client_ref: str
    contact_email: str

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationOut":
        job = invitation.resolution.job
        return cls(
            **dict(InvitationSummary.of(invitation)),
            id=invitation.id,
            source=job.source,
            external_id=job.external_id,
            sequence=invitation.resolution.sequence,
            client_ref=invitation.client.ref,
            contact_email=invitation.contact.email,
        )


class InvitationPage(_Given):
    """Some invitations; `next` is the cursor of the next page, null on the last."""

    items: list[InvitationOut]
    next: str | None


class ResponseOut(_Given):
    """What one contact answered about one closing: `answers` by question, `steps` of the promise as 1, −1 or 0."""

    id: int
    source: str
    external_id: str
    sequence: int
    client_ref: str
    contact_email: str
    submitted_at: AwareDatetime
    changed_at: AwareDatetime | None
    origin: str
    language: str
    answers: dict[str, int | str]
    steps: dict[str, int]

    @classmethod
    def of(cls, response: SurveyResponse) -> "ResponseOut":
        job = response.resolution.job
        answers = {
            answer.question: answer.text if answer.number is None else answer.number for answer in response.answers
        }
        return cls(
            id=response.id,
            source=job.source,
            external_id=job.external_id,
            sequence=response.resolution.sequence,
            client_ref=job.client.ref,
            contact_email=response.contact.email,
            submitted_at=response.submitted_at,
            changed_at=response.changed_at,
            origin=response.origin.value,
            language=response.language,
            answers={question: value for question, value in answers.items() if value is not None},
            steps={touchpoint.step: touchpoint.value for touchpoint in response.touchpoints},
        )


class ResponsePage(_Given):
    """Some responses; `next` is the cursor of the next page, null on the last."""

    items: list[ResponseOut]
    next: str | None


class FieldProblem(_Given):
    """One thing wrong with what was sent; `pointer` is a JSON Pointer (RFC 6901) into the document."""

    pointer: str
    detail: str


class Problem(_Given):
    """An error as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    field: str | None = None
    reference: str | None = None
