"""What the API gives."""

from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from survey.api_input import CURSOR_PREFIX
from survey.models import Exclusion, Invitation, InvitationState, Job, Resolution, SurveyResponse


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
    """What one contact answered about one closing: `answers` by question, but for those that only managers may read;
    `steps` of the promise as 1, −1 or 0."""

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
            answer.question: answer.text if answer.number is None else answer.number
            for answer in response.answers
            if not answer.managers_only  # a key has no role
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
