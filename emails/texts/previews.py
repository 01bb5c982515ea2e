"""How a text would look: with the values of a made-up person, of nobody, or of a recent job; and a test to oneself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from emails import outbox
from emails.briefs import Brief
from emails.leads import USUAL, Lead, lead_of, load_leads
from emails.letters import Letter, Links, Sort, escaped, personal_values, write_letter
from emails.models import EmailKind, EmailMessage
from emails.texts.built_in import TextKind
from emails.texts.checks import Finding, House, check, own_hosts
from emails.wording import Wording, filled
from survey.errors import ConflictError
from survey.firms import get_firm
from survey.models import Firm, Invitation, Questionnaire, QuestionnaireUse, Resolution
from survey.questionnaires.publishing import stand_in_id
from survey.questionnaires.versions import document_of, newest
from survey.speech import one_line
from survey.users import User

SAMPLE, BARE = "sample", "bare"
_ASKED = "asked-"  # before the id of a questionnaire: a made-up person who gets that one
RECENT = 6
TESTS_PER_HOUR = 20
TEST_LINK = "/desk/settings/emails/link"  # where the buttons of a preview and of a test lead
_DARK_ONLY = "@media (prefers-color-scheme: dark)"
_PERSON, _STAFF = "Mona Costa", ("Ana Xu", "Ben Ito")
_WORK = {
    "en": ("Printer repair", "The printer on the 2nd floor jams"),
    "es": ("Reparación de impresora", "La impresora de la 2.ª planta se atasca"),
    "fr": ("Réparation d’imprimante", "L’imprimante du 2e étage se bloque"),
    "de": ("Druckerreparatur", "Der Drucker im 2. Stock staut Papier"),
    "pt": ("Reparação de impressora", "A impressora do 2.º andar encrava"),
    "nl": ("Printerreparatie", "De printer op de 2e verdieping loopt vast"),
}


@dataclass(frozen=True)
class Example:
    """Whose values a preview shows: `key` is "sample", "bare", or the id of an invitation."""

    key: str
    label: str


def examples(session: Session) -> list[Example]:
    """What a preview can be shown with: a made-up person and what they are asked, nobody, and the latest jobs that were
    asked about."""
    usual = stand_in_id(session)
    others = (
        select(Questionnaire.id, Questionnaire.name)
        .where(Questionnaire.id.in_(select(QuestionnaireUse.questionnaire_id)), Questionnaire.id != (usual or 0))
        .order_by(Questionnaire.name)
    )
    asked = [Example(f"{_ASKED}{row.id}", f"A made-up person, asked ‘{row.name}’") for row in session.execute(others)]
    latest = [
        Example(str(one.id), f"{one.contact.name or one.contact.email}: {one.resolution.job.kind or 'a job'}")
        for one in _recent(session)
    ]
    return [Example(SAMPLE, "A made-up person"), *asked, *latest, Example(BARE, "Nothing known")]


def preview(
    session: Session, kind: TextKind, language: str, words: Wording, example: str, base_url: str, now: datetime
) -> Letter:
    """The finished letter. Its links lead to a page that records nothing."""
    firm = get_firm(session)
    values = values_for(session, firm, language, example, now)
    link, lead = f"{base_url}{TEST_LINK}", lead_for(session, example)
    sort = Sort(kind, language, lead.scale, lead.asked)
    return write_letter(sort, words, firm, values, escaped(values), Links(link, link), base_url)


def subject_line(session: Session, language: str, words: Wording, now: datetime) -> str:
    """The subject as the made-up person would get it."""
    firm = get_firm(session)
    values = {**values_for(session, firm, language, SAMPLE, now), "firm": one_line(firm.name)}
    return one_line(filled(words.subject, values))


def findings_of(session: Session, language: str, words: Wording, letter: Letter, base_url: str) -> list[Finding]:
    """What the checks say of a text whose finished letter is `letter`."""
    return check(words, language, house_of(get_firm(session), base_url), len(letter.html.encode()))


def house_of(firm: Firm, base_url: str) -> House:
    """What the checks need of the firm."""
    return House(firm.colour, firm.postal_address, own_hosts(base_url, firm.website))


def in_theme(html: str, *, dark: bool) -> str:
    """The letter as a mail program in light or dark mode shows it, whatever the reader's own screen is set to."""
    return html.replace(_DARK_ONLY, "@media all" if dark else "@media not all")


def lead_for(session: Session, example: str) -> Lead:
    """What the letter of an example offers: the first question of the questionnaire that went out, or would go out."""
    number = example.removeprefix(_ASKED)[:15]
    if example.isascii() and example.isdigit():
        version = session.scalar(select(Invitation.version_id).where(Invitation.id == int(number)))
        return load_leads(session, [version])[version]
    named = int(number) if number != example and number.isascii() and number.isdigit() else None
    found = (newest(session, named) if named else None) or newest(session, stand_in_id(session) or 0)
    return lead_of(document_of(found)) if found else USUAL


def values_for(session: Session, firm: Firm, language: str, example: str, now: datetime) -> dict[str, str]:
    """Personal values of an example; one that is gone is the made-up person."""
    if example.isascii() and example.isdigit():
        found = session.scalars(_asked().where(Invitation.id == int(example[:15]))).first()
        if found is not None:
            return personal_values(found.contact.name, _brief_of(found), language, firm.timezone)
    bare = example == BARE
    kind, summary = ("", "") if bare else _WORK[language]
    brief = Brief(
        language=language,
        timezone="",
        kind=kind,
        summary=summary,
        completed_at=now - timedelta(days=1),
        expires_at=now + timedelta(days=7),
        staff=() if bare else _STAFF,
        token="",
        reply_to="",
    )
    return personal_values("" if bare else _PERSON, brief, language, firm.timezone)


def send_test(
    session: Session, user: User, kind: TextKind, language: str, words: Wording, example: str, now: datetime
) -> None:
    """Put a test into the outbox, to this person's own address and to nobody else's.

    Raises:
        ConflictError: they had many within the last hour.
    """
    since = select(func.count()).where(EmailMessage.kind == EmailKind.TEST, EmailMessage.user_id == user.id)
    if (session.scalar(since.where(EmailMessage.created_at > now - timedelta(hours=1))) or 0) >= TESTS_PER_HOUR:
        raise ConflictError(f"{TESTS_PER_HOUR} tests an hour are the most. The previews here show the same.")
    lead = lead_for(session, example)
    context = {
        "kind": kind.value,
        "language": language,
        "lead": lead.scale,
        "asked": asdict(lead.asked) if lead.asked else None,
        "link": TEST_LINK,
        **dict(words.items()),
        "values": values_for(session, get_firm(session), language, example, now),
    }
    outbox.enqueue(
        session,
        kind=EmailKind.TEST,
        once_key=f"test/{user.id}/{uuid4().hex}",
        to_email=user.email,
        to_name=user.name,
        due_at=now,
        now=now,
        not_after=now + timedelta(hours=1),
        user_id=user.id,
        context=context,
    )


def _recent(session: Session) -> Sequence[Invitation]:
    query = _asked().where(Invitation.sent_at.is_not(None)).order_by(Invitation.id.desc())
    return session.scalars(query.limit(RECENT)).all()


def _asked() -> Select[Invitation]:
    resolution = joinedload(Invitation.resolution)
    return select(Invitation).options(
        joinedload(Invitation.contact), resolution.joinedload(Resolution.job), resolution.selectinload(Resolution.staff)
    )


def _brief_of(invitation: Invitation) -> Brief:
    resolution, contact = invitation.resolution, invitation.contact
    staff = sorted(resolution.staff, key=lambda one: (-one.share, one.name))
    return Brief(
        language=contact.language,
        timezone=contact.timezone,
        kind=resolution.job.kind,
        summary=resolution.job.summary,
        completed_at=resolution.completed_at,
        expires_at=invitation.expires_at,
        staff=tuple(one.name for one in staff),
        token="",
        reply_to="",
    )
