"""What the survey's pages show, put together from the rows. No Flask here; templates/survey paints it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from sqlalchemy.orm import Session

from survey import languages, responses, updates
from survey.asking.closed_days import ClosedDays, country_of_zone
from survey.asking.schedule import working_day_after, zone_for
from survey.firms import get_firm
from survey.languages import Translator
from survey.models import Firm, Invitation, InvitationState, Resolution, SurveyResponse
from survey.promise import PromiseStep, promise_steps
from survey.questionnaires import confidential, logic
from survey.questionnaires.document import TEXTS, Confidentiality, Document, Question, QuestionType, Wording
from survey.questionnaires.logic import Setting
from survey.questionnaires.versions import document_of
from survey.questionnaires.words import STEP_WORDS, answer_in_words, said
from survey.speech import first_names, listed, said_day
from survey.updates import Progress

GOOD_RATING = 4
LOW_RATING = 2  # this and below: something went wrong
FIRST = "rating"  # the first page, whatever it asks


@dataclass(frozen=True)
class Row:
    """One line of the summary: the question, the answer in words ("" when skipped), and the page that changes it."""

    question: str
    answer: str
    page: str
    confidentiality: Confidentiality


@dataclass(frozen=True)
class Occasion:
    """The finished job that a survey is about, in the client's language."""

    title: str  # the job in the client's words
    kind: str
    finished_on: str
    closes_on: str  # until when the answer may be changed
    staff: str  # "Ana and Bo"
    first_names: str
    reader: str  # who looks after this client

    @property
    def values(self) -> dict[str, str]:
        """What the placeholders of a question stand for, without the firm's name."""
        return {"staff": self.first_names, "kind": self.kind, "job": self.title, "date": self.finished_on}


@dataclass(frozen=True)
class Survey:
    """One questionnaire as one person is shown it, with what they answered so far."""

    token: str
    now: datetime
    firm: Firm
    document: Document
    language: str
    occasion: Occasion
    invitation: Invitation | None  # None: a rehearsal on the desk
    response: SurveyResponse | None
    version: str
    answers: Mapping[str, int | str]
    steps: Mapping[str, int]
    promise: list[PromiseStep]
    progress: Progress = field(default_factory=Progress)
    lead_key: str = ""  # which question the first page asks, where it is not the questionnaire's first

    @cached_property
    def translate(self) -> Translator:
        return languages.translator(self.language)

    @property
    def is_answered(self) -> bool:
        """Whether an answer is stored; of a rehearsal, whether there is any."""
        return self.response is not None or (self.invitation is None and bool(self.answers))

    @property
    def is_open(self) -> bool:
        return self.invitation is None or responses.is_open(self.invitation, self.now)

    @property
    def closed_page(self) -> tuple[str, int]:
        """Which page says why no answer is taken, with its HTTP status. Not sent yet looks like unknown."""
        state = self.invitation.state if self.invitation else InvitationState.SENT
        if state in {InvitationState.WITHDRAWN, InvitationState.CANCELLED, InvitationState.ANSWERED}:
            return state.value, 410
        if state in {InvitationState.EXPIRED, InvitationState.SENT}:
            return "expired", 410
        return "unknown", 404

    @property
    def setting(self) -> Setting:
        return Setting(self.occasion.kind, self.language, self.steps, tuple(step.key for step in self.promise))

    @property
    def lead(self) -> Question:
        return logic.lead_of(self.document, self.lead_key)

    @cached_property
    def pages(self) -> list[list[Question]]:
        """The pages for somebody with these answers; the first one asks the lead."""
        return logic.pages(self.document, self.answers, self.setting, self.lead)

    @property
    def follow_ups(self) -> list[str]:
        """The optional pages, by the key of their first question."""
        return [page[0].key for page in self.pages[1:]]

    def page(self, name: str) -> list[Question]:
        """What a page asks; one that is not asked of this person (any more) asks its question all the same."""
        if name in {FIRST, self.lead.key}:
            return self.pages[0]
        found = next((page for page in self.pages if page[0].key == name), None)
        return found or [self.document.by_key[name]]

    def page_of(self, key: str) -> str:
        """The name of the page that asks a question."""
        for number, page in enumerate(self.pages):
            if any(question.key == key for question in page):
                return FIRST if number == 0 else page[0].key
        return key

    def after(self, page: str) -> str:
        """The page that follows `page`, given what is answered."""
        name = self.lead.key if page == FIRST else page
        return logic.page_after(name, self.pages, self.answers, self.setting)

    def leading(self, *known: Collection[str]) -> "Survey":
        """The same, led by the first question whose answer is known (offered by the link, sent, or given before)."""
        key = logic.leading(self.document, *known)
        return replace(self, lead_key=key) if key != self.lead_key else self

    def say(self, wording: Wording) -> str:
        """A wording of the questionnaire as this person reads it."""
        values = {**self.occasion.values, "firm": self.firm.name}
        return said(wording, self.language, self.document.language, values)

    def prompt(self, question: Question, rating: int | None) -> str:
        """What a text question asks after this rating."""
        return self.say(question.prompts.get(str(rating), question.text))

    def words_of(self, question: Question) -> str:
        """The answer to a question as a person says it; "" if there is none."""
        if question.type is QuestionType.PROMISE:
            known = [step for step in self.promise if step.key in self.steps]
            return "\n".join(
                f"{step.text_in(self.language)}: {self.translate(STEP_WORDS[self.steps[step.key]])}" for step in known
            )
        return answer_in_words(question, self.answers, self.language, self.document.language, self.translate)

    @property
    def has_kept_apart(self) -> bool:
        """Whether some answers are not for everybody at the firm, with the client's name."""
        return any(question.confidentiality is not Confidentiality.NAMED for question in self.document.questions)

    @property
    def rating(self) -> int | None:
        return logic.rating(self.answers)

    @property
    def is_low(self) -> bool:
        return self.rating is not None and self.rating <= LOW_RATING

    @property
    def what_happens_next(self) -> str:
        """What the client may expect now, by the rating and by whether they want to be contacted."""
        wish, who, _ = self.answers.get("contact_me"), self.occasion.reader, self.translate
        day = self.day_named(self.read_by) if self.is_low and self.read_by else ""
        if day and wish == 1:
            return _("%(who)s will read this by %(day)s, and will get in touch with you.", who=who, day=day)
        if day and wish == 0:
            return _(
                "%(who)s will read this by %(day)s. We will not contact you about it, as you asked.", who=who, day=day
            )
        if day:
            return _("%(who)s will read this by %(day)s.", who=who, day=day)
        if wish == 1:
            return _("%(who)s will get in touch with you.", who=who)
        if self.rating is not None and self.rating >= GOOD_RATING and self.occasion.staff:
            return _("We will pass it on to %(staff)s.", staff=self.occasion.staff)
        return _("We read every answer, and use it to do better.")

    @property
    def read_by(self) -> date | None:
        """The firm's working day after the answer, by which somebody reads a low one; None once it has passed."""
        answer, zone = self.response, zone_for(self.firm.timezone)
        given = (answer.changed_at or answer.submitted_at) if answer else self.now
        country = self.firm.country or country_of_zone(self.firm.timezone)
        closed = tuple(ClosedDays.of(stretch) for stretch in self.firm.closed_days)
        by = working_day_after(given.astimezone(zone).date(), closed, country)
        return by if by and by >= self.now.astimezone(zone).date() else None

    @property
    def summary(self) -> list[Row]:
        """Every question asked, with its answer in words; a text only when there is one."""
        rows = [
            (question, self._row(question, FIRST if number == 0 else page[0].key))
            for number, page in enumerate(self.pages)
            for question in page
        ]
        return [row for question, row in rows if row.answer or question.type not in TEXTS]

    def _row(self, question: Question, page: str) -> Row:
        return Row(self._title(question), self.words_of(question), page, question.confidentiality)

    def _title(self, question: Question) -> str:
        return self.translate("In your words") if question.key == "comment" else self.say(question.text)

    def day(self, moment: datetime) -> str:
        """The day of a moment where the client is: "Tuesday 3 November"."""
        zone = zone_for(self.invitation.contact.timezone if self.invitation else "", self.firm.timezone)
        return self.day_named(moment.astimezone(zone).date())

    def day_named(self, day: date) -> str:
        return said_day(day, self.language, self.now.year)


def load(
    session: Session, invitation: Invitation, token: str, now: datetime, chosen: str = "", wanted: Sequence[str] = ()
) -> Survey:
    """The survey behind an invitation, in the language `chosen` on the page, else the contact's own, else one of those
    `wanted` by the browser (best first), else the firm's: the first of them in which the questionnaire is complete."""
    firm = get_firm(session)
    response = responses.find_response(session, invitation)
    document = document_of(invitation.version)
    language = language_for(document, [chosen, invitation.contact.language, *wanted, firm.language])
    return Survey(
        token=token,
        now=now,
        firm=firm,
        document=document,
        language=language,
        occasion=_occasion(invitation, firm, language, now),
        invitation=invitation,
        response=response,
        version=responses.version(session, response),
        answers={
            **responses.answers_of(response),
            **confidential.read(session, token, confidential.of_document(document)),
        },
        steps=responses.steps_of(response),
        promise=promise_steps(firm.promise),
        progress=updates.progress_of(session, [response])[response.id] if response else Progress(),
    )


def language_for(document: Document, wanted: Sequence[str]) -> str:
    """The first of `wanted` in which nothing of the questionnaire is missing; else the one it was written in."""
    complete = document.languages()
    found = (languages.primary(tag) for tag in wanted)
    return next((language for language in found if language in complete), document.language)


def _occasion(invitation: Invitation, firm: Firm, language: str, now: datetime) -> Occasion:
    resolution, _ = invitation.resolution, languages.translator(language)
    zone = zone_for(invitation.contact.timezone, firm.timezone)
    names = _staff(resolution)
    owner = invitation.client.owner
    who = owner.display_name if owner else _("Someone")
    return Occasion(
        title=resolution.job.summary or resolution.job.kind or _("Your job"),
        kind=resolution.job.kind,
        finished_on=said_day(resolution.completed_at.astimezone(zone).date(), language, now.year),
        closes_on=said_day(invitation.expires_at.astimezone(zone).date(), language, now.year),
        staff=listed(names, language),
        first_names=first_names(names, language),
        reader=_("%(who)s from %(firm)s", who=who, firm=firm.name),
    )


def _staff(resolution: Resolution) -> list[str]:
    return [person.name for person in sorted(resolution.staff, key=lambda person: (-person.share, person.name))]
