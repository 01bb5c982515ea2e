"""What the survey's pages show, put together from the rows. No Flask here; templates/survey paints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from survey import responses, updates
from survey.firms import get_firm
from survey.models import Firm, Invitation, InvitationState, SurveyResponse
from survey.questionnaire import (
    ABOUT_WORDS,
    RATING_WORDS,
    STEP_WORDS,
    YES_NO_WORDS,
    PromiseStep,
    follow_ups,
    is_low,
    next_page,
    promise_steps,
    rating,
)
from survey.updates import Progress

GOOD_RATING = 4
COMMENT_ROW = "In your words"


@dataclass(frozen=True)
class Row:
    """One line of the summary: the question, the answer in words ("" when skipped), and the page that changes it."""

    question: str
    answer: str
    page: str


@dataclass(frozen=True)
class Survey:
    """One contact's survey about one finished job, as its pages need it."""

    token: str
    now: datetime
    firm: Firm
    invitation: Invitation
    response: SurveyResponse | None
    version: str
    answers: Mapping[str, int | str]
    steps: Mapping[str, int]
    promise: list[PromiseStep]
    progress: Progress

    @property
    def is_open(self) -> bool:
        return responses.is_open(self.invitation, self.now)

    @property
    def closed_page(self) -> tuple[str, int]:
        """Which page says why no answer is taken, with its HTTP status. Not sent yet looks like unknown."""
        if self.invitation.state is InvitationState.WITHDRAWN:
            return "withdrawn", 410
        if self.invitation.state is InvitationState.CANCELLED:
            return "cancelled", 410
        if self.invitation.state is InvitationState.ANSWERED:
            return "answered", 410
        if self.invitation.state in {InvitationState.EXPIRED, InvitationState.SENT}:
            return "expired", 410
        return "unknown", 404

    @property
    def title(self) -> str:
        """The job in the client's words."""
        job = self.invitation.resolution.job
        return job.summary or job.kind or "Your job"

    @property
    def job_facts(self) -> list[str]:
        """Kind, date and people of the job, each left out when it would say nothing new."""
        resolution = self.invitation.resolution
        kind = resolution.job.kind
        facts = [
            "" if kind.casefold() in self.title.casefold() else kind,
            f"finished {self.day(resolution.completed_at)}",
            self.staff_names,
        ]
        return [fact for fact in facts if fact]

    @property
    def closes_on(self) -> str:
        return self.day(self.invitation.expires_at)

    @property
    def staff_names(self) -> str:
        staff = sorted(self.invitation.resolution.staff, key=lambda person: (-person.share, person.name))
        return in_words([person.name for person in staff])

    @property
    def reader(self) -> str:
        """Who looks after this client."""
        owner = self.invitation.client.owner
        return f"{owner.display_name if owner else 'Someone'} from {self.firm.name}"

    @property
    def reply_address(self) -> str:
        return self.firm.reply_to or self.firm.sender_email

    @property
    def rating(self) -> int | None:
        return rating(self.answers)

    @property
    def is_low(self) -> bool:
        return is_low(self.answers)

    @property
    def what_happens_next(self) -> str:
        """What the client may expect now, by the rating and by whether they want to be contacted."""
        wish = self.answers.get("contact_me")
        if self.is_low:
            call = {1: ", and will get in touch with you", 0: ". We will not contact you about it, as you asked"}
            return f"{self.reader} will read this today{call.get(wish, '') if isinstance(wish, int) else ''}."
        if wish == 1:
            return f"{self.reader} will get in touch with you."
        if self.rating is not None and self.rating >= GOOD_RATING and self.staff_names:
            return f"We will pass it on to {self.staff_names}."
        return "We read every answer, and use it to do better."

    @property
    def follow_ups(self) -> tuple[str, ...]:
        return follow_ups(self.answers, bool(self.promise))

    def after(self, page: str) -> str:
        """The page that follows `page`, given what is answered."""
        return next_page(page, self.answers, list(self.steps), [step.key for step in self.promise])

    @property
    def summary(self) -> list[Row]:
        """Every question with its answer in words; the comment only when there is one: the page asks for it itself."""
        csat, nps = self.answers.get("csat"), self.answers.get("nps")
        rows = [
            Row("Your rating", _word(RATING_WORDS, csat), "overall" if csat is None and nps is not None else "rating"),
            Row(COMMENT_ROW, str(self.answers.get("comment", "")), "rating"),
            Row("What it was about", _word(ABOUT_WORDS, self.answers.get("about")), "about"),
            Row("Would you come back?", _word(YES_NO_WORDS, self.answers.get("would_return")), "return"),
            Row("Would you recommend us?", "" if nps is None else f"{nps} out of 10", "recommend"),
            Row("What happened", self._steps_in_words(), "promise"),
            Row("May we contact you about this?", _word(YES_NO_WORDS, self.answers.get("contact_me")), "contact"),
        ]
        without = {"promise", "about"} - set(self.follow_ups)
        return [row for row in rows if row.page not in without and (row.answer or row.question != COMMENT_ROW)]

    def _steps_in_words(self) -> str:
        known = [step for step in self.promise if step.key in self.steps]
        return "\n".join(f"{step.text}: {STEP_WORDS[self.steps[step.key]]}" for step in known)

    def day(self, moment: datetime) -> str:
        """The day of a moment where the client is: "Tuesday 3 November"."""
        name = self.invitation.contact.timezone or self.firm.timezone
        try:
            local = moment.astimezone(ZoneInfo(name))
        except (KeyError, ValueError, OSError):  # a zone that a source system made up
            local = moment
        return self.day_named(local.date())

    def day_named(self, day: date) -> str:
        """ "Tuesday 3 November", with the year when it is not this one."""
        return f"{day:%A} {day.day} {day:%B}" + ("" if day.year == self.now.year else f" {day.year}")


def load(session: Session, invitation: Invitation, token: str, now: datetime) -> Survey:
    """The survey behind an invitation."""
    firm = get_firm(session)
    response = responses.find_response(session, invitation)
    return Survey(
        token=token,
        now=now,
        firm=firm,
        invitation=invitation,
        response=response,
        version=responses.version(session, response),
        answers=responses.answers_of(response),
        steps=responses.steps_of(response),
        promise=promise_steps(firm.promise),
        progress=updates.progress_of(session, [response])[response.id] if response else Progress(),
    )


def in_words(names: list[str]) -> str:
    """ "Ana", "Ana and Bo", "Ana, Bo and Cy"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _word(words: Mapping[int, str], value: int | str | None) -> str:
    return words[value] if isinstance(value, int) else ""
