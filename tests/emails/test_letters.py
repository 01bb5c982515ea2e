"""The letter to a client: six languages, three scales, batches by language, and a frame that no wording can break."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails.briefs import Brief
from emails.compose import compose
from emails.letters import Links, Sort, escaped, personal_values, write_letter
from emails.models import EmailKind, EmailMessage
from emails.scales import SCALES, scale_of
from emails.senders import SendGridSender
from emails.senders.base import as_mime
from emails.texts import versions
from emails.texts.built_in import TextKind, built_in
from emails.wording import Wording
from survey.config import Settings
from survey.firms import default_firm, get_firm
from survey.languages import LANGUAGES, translator
from survey.models import Invitation
from survey.speech import first_name, in_sentence, listed, said_day
from tests.conftest import NOW
from tests.emails.factories import begin_all, queue_survey
from tests.factories import make_contact, make_invitation, make_job, make_resolution
from tests.fakes import API_KEY, FakeSendGrid

ATTEMPT = "0123456789abcdef0123456789abcdef"
LINKS = Links("https://f.example/s/TOKEN", "https://f.example/u/TOKEN")
BRIEF = Brief(
    language="de",
    timezone="Europe/Berlin",
    kind="Printer repair",
    summary="The printer & <its> tray",
    completed_at=NOW,
    expires_at=NOW + timedelta(days=7),
    staff=("Ana Xu", "Ben Ito"),
    token="TOKEN",
    reply_to="",
)
GREETINGS = {
    "en": ("Hello Mona,", "Tuesday 10 March", "Excellent", "Please do not ask me again"),
    "es": ("Hola Mona:", "martes 10 de marzo", "Excelente", "Por favor, no me pregunten más"),
    "fr": ("Bonjour Mona,", "mardi 10 mars", "Excellent", "Merci de ne plus me poser de questions"),
    "de": ("Guten Tag Mona Costa,", "Dienstag, 10. März", "Sehr gut", "Bitte fragen Sie mich nicht mehr"),
    "pt": ("Olá Mona,", "terça-feira, 10 de março", "Excelente", "Por favor, não me perguntem mais"),
    "nl": ("Goedendag Mona Costa,", "dinsdag 10 maart", "Heel goed", "Vraag mij dit niet meer"),
}


def invite(session: Session, language: str, timezone: str = "Asia/Tokyo") -> Invitation:
    contact = make_contact(session, name="Mona Costa", language=language, timezone=timezone)
    closed = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)  # Tuesday morning in Tokyo
    row = make_job(session, contact, kind="Printer repair", summary="The printer jams")
    return make_invitation(session, make_resolution(session, row, completed_at=closed, staff={"Ana Xu": 1.0}))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [EmailKind.SURVEY, EmailKind.REMINDER])
def test_a_client_reads_their_own_language(
    session: Session, settings: Settings, language: str, kind: EmailKind
) -> None:
    """Greeting, day in their zone, rating words and the way out, in both parts; the language is declared."""
    email = compose(session, queue_survey(session, invite(session, language), kind=kind), ATTEMPT, settings, NOW)
    greeting, day, best, out = GREETINGS[language]
    for body in (email.text, email.html):
        for words in (greeting, day, best, out, "Ana"):
            assert words in body
    assert f'<html lang="{language}" dir="ltr"' in email.html
    assert as_mime(email)["Content-Language"] == language
    if language != "en":
        assert "Tuesday" not in email.text + email.html
        assert "Finished" not in email.text + email.html
        assert "How did we do" not in email.text + email.html


@pytest.mark.parametrize(
    ("contact", "firm", "expected"),
    [("pt-BR", "de", "pt"), ("", "de-AT", "de"), ("pl", "fr", "fr"), ("pl", "pl", "en"), ("", "en", "en")],
)
def test_the_contacts_language_comes_first(
    session: Session, settings: Settings, contact: str, firm: str, expected: str
) -> None:
    """Then the firm's; where we have neither, English."""
    get_firm(session).language = firm
    message = queue_survey(session, invite(session, contact))
    assert compose(session, message, ATTEMPT, settings, NOW).content.language == expected


def test_a_batch_is_one_request_for_each_language(session: Session, settings: Settings) -> None:
    """Nine people in three languages are three requests, and each reads their own."""
    for language in ("de", "fr", "en") * 3:
        queue_survey(session, invite(session, language, "UTC"))
    begun = begin_all(session, settings)
    with FakeSendGrid() as fake:
        SendGridSender(API_KEY, fake.url).send([one.outgoing for one in begun])
        assert fake.requests == 3
        assert sorted(mail.subject for mail in fake.sent) == sorted(
            ["Printer repair: Waren Sie mit uns zufrieden?"] * 3
            + ["Printer repair : comment cela s’est-il passé ?"] * 3
            + ["How did we do with your printer repair?"] * 3
        )
        assert all(GREETINGS["de"][0] in mail.text for mail in fake.sent if "Waren Sie" in mail.subject)


def test_the_firms_own_words_go_out_and_the_message_remembers_them(session: Session, settings: Settings) -> None:
    """In their language only; the version stands with the message, and a built-in text with none."""
    words = Wording("{kind}: tell us, {first_name}", "Dear {first_name} & co <b>,\n\nIt is done.", "Yours\n{firm}")
    row = versions.save_text(session, TextKind.SURVEY, "en", words, None, NOW)
    queue_survey(session, invite(session, "en", "UTC"))
    queue_survey(session, invite(session, "de", "UTC"))
    english, german = (one.outgoing for one in begin_all(session, settings))
    assert english.subject == "Printer repair: tell us, Mona"
    assert "Dear Mona & co <b>,\n\nIt is done." in english.text
    assert "Dear Mona &amp; co &lt;b&gt;," in english.html
    assert "Brightside IT" in english.text
    assert "Dear" not in german.text
    assert session.scalars(select(EmailMessage.text_id).order_by(EmailMessage.id)).all() == [row.id, None]


@given(
    subject=st.text(max_size=60),
    opening=st.text(max_size=200) | st.just("<!-- </table></body> {% block footer %}{{ unsubscribe_url }}"),
    closing=st.text(max_size=60),
    kind=st.sampled_from(TextKind),
    language=st.sampled_from(sorted(LANGUAGES)),
)
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_wording_can_break_the_frame(
    subject: str, opening: str, closing: str, kind: TextKind, language: str
) -> None:
    """Whatever a firm writes: five ratings, the reason, the address and the way out are there, and one-line headers."""
    firm = default_firm()
    firm.postal_address = "1 Harbour Street"
    values = personal_values("Mona Costa", BRIEF, language, "UTC")
    words = Wording(subject, opening, closing)
    letter = write_letter(
        Sort(kind, language, "csat"), words, firm, values, escaped(values), LINKS, "https://f.example"
    )
    for body in (letter.text, letter.html):
        assert body.count(LINKS.unsubscribe) == 1
        assert "1 Harbour Street" in body
        assert all(LINKS.rating("csat", value) in body for value in range(1, 6))
    assert letter.html.count("</html>") == 1
    assert f'href="{LINKS.unsubscribe}"' in letter.html
    assert not re.search(r"[\r\n\x00\u2028]", letter.subject)


def test_a_preview_escapes_a_persons_values_once(session: Session) -> None:
    """Written with the values themselves, not tags, an ampersand is one ampersand, in the preheader too."""
    values = personal_values("Mona O’Neil & Co", BRIEF, "en", "UTC")
    words = built_in(TextKind.SURVEY, "en")
    sort = Sort(TextKind.SURVEY, "en", "csat")
    letter = write_letter(sort, words, get_firm(session), values, escaped(values), LINKS, "https://f.example")
    assert letter.html.count("The printer &amp; &lt;its&gt; tray") == 2
    assert "&amp;amp;" not in letter.html
    assert "The printer & <its> tray" in letter.text


@pytest.mark.parametrize(("lead", "buttons"), [("csat", 5), ("nps", 11), ("ces", 7)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_each_scale_has_its_row(session: Session, lead: str, buttons: int, language: str) -> None:
    """One real link for each value in both parts, with words for each or at both ends."""
    values = personal_values("Mona", BRIEF, language, "UTC")
    words = built_in(TextKind.SURVEY, language)
    sort = Sort(TextKind.SURVEY, language, lead)
    letter = write_letter(sort, words, get_firm(session), values, escaped(values), LINKS, "https://f.example")
    scale, translate = SCALES[lead], translator(language)
    assert letter.html.count('class="rating"') == buttons == len(scale.values)
    for value in scale.values:
        assert f'href="{LINKS.survey}?{lead}={value}"' in letter.html
        assert f"{LINKS.survey}?{lead}={value}\n" in letter.text
    for sentence in scale.sentences():
        assert translate(sentence) in letter.html
        assert translate(sentence) in letter.text


def test_a_question_no_email_can_ask_leads_to_the_rating() -> None:
    """An unknown lead is not an error in the middle of a night's batch."""
    assert scale_of("comment") is SCALES["csat"]
    assert Links("https://f.example/x?a=1", "").rating("nps", 3) == "https://f.example/x?a=1&nps=3"


def test_only_a_single_reminder_says_that_it_is_the_only_one(session: Session, settings: Settings) -> None:
    """A firm that sends three does not promise that there is one."""
    message = queue_survey(session, invite(session, "en"), kind=EmailKind.REMINDER)
    assert "This is the only reminder." in compose(session, message, ATTEMPT, settings, NOW).text
    get_firm(session).reminder_count = 3
    assert "only reminder" not in compose(session, message, ATTEMPT, settings, NOW).html


@pytest.mark.parametrize(
    ("kind", "language", "written"),
    [
        ("Printer repair", "en", "printer repair"),
        ("Druckerreparatur", "de", "Druckerreparatur"),
        ("Réparation", "fr", "réparation"),
        ("VPN issue", "nl", "VPN issue"),
        ("", "en", ""),
    ],
)
def test_a_kind_inside_a_sentence(kind: str, language: str, written: str) -> None:
    """Ordinary words lose their capital, abbreviations and German nouns keep theirs."""
    assert in_sentence(kind, language) == written


def test_names_and_days_in_every_language() -> None:
    """The word between the last two names, with what Spanish does before an i, and days without a year."""
    assert [listed(["Ana", "Ben", "Inés"], language) for language in LANGUAGES] == [
        "Ana, Ben and Inés",
        "Ana, Ben e Inés",
        "Ana, Ben et Inés",
        "Ana, Ben und Inés",
        "Ana, Ben e Inés",
        "Ana, Ben en Inés",
    ]
    assert listed(["Ana", "Ian"], "es") == "Ana y Ian"
    assert [said_day(NOW.date(), language) for language in LANGUAGES] == [GREETINGS[code][1] for code in LANGUAGES]


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Ana Xu", "Ana"),
        ("Ana", "Ana"),
        ("J. Xu", "J. Xu"),
        ("Dr. Xu", "Dr. Xu"),
        ("Dr Orla Keane", "Dr Keane"),
        ("Prof. Dr. Jan van Dam", "Prof. Dr. van Dam"),
        ("Frau von Berg", "Frau von Berg"),
        ("Mme  Zoé Blanc", "Mme Blanc"),
        ("Dr", "Dr"),
        ("Drew Hall", "Drew"),
        ("", ""),
    ],
)
def test_who_has_a_title_is_greeted_by_it(name: str, greeted: str) -> None:
    assert first_name(name) == greeted
