"""Machines, wishes to stop, and ratings in replies."""

import pytest

from emails.replies.meaning import is_automatic, rating, wants_to_stop, without_wish


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "auto-generated; owner-email=x"},
        {"x-autoreply": "yes"},
        {"precedence": "bulk"},
        {"precedence": "Auto_Reply"},
        {"list-id": "<news.example>"},
        {"return-path": "<>"},
        {"content-type": 'multipart/report; report-type="delivery-status"'},
        {"x-failed-recipients": "a@b.example"},
    ],
)
def test_headers_give_a_machine_away(headers: dict[str, str]) -> None:
    """RFC 3834 and the older habits beside it; the words do not matter then."""
    assert is_automatic(headers, "mona@client.example", "Re: How did we do?", "Great work!")


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: How did we do?",
        "Re: Out of Office",
        "Abwesenheitsnotiz: Wie war es?",
        "Automatische Antwort: Frage",
        "Respuesta automática: ¿Qué tal?",
        "Réponse automatique : votre avis",
        "Resposta automática: Como foi?",
        "Automatisch antwoord: Hoe ging het?",
        "Undeliverable: How did we do?",
        "Delivery Status Notification (Failure)",
        "Read: How did we do?",
        "[Ticket received] How did we do?",
    ],
)
def test_subjects_give_a_machine_away(subject: str) -> None:
    """Mail programs write the same few words in front, in each language."""
    assert is_automatic({}, "mona@client.example", subject, "")


@pytest.mark.parametrize(
    "words",
    [
        "Hello, I am currently out of the office until 3 April.",
        "Guten Tag, ich bin bis zum 3. April nicht im Büro.",
        "Estoy fuera de la oficina hasta el lunes.",
        "Bonjour, je suis absente jusqu’au 3 avril.",
        "Olá, estou ausente até segunda-feira.",
        "Ik ben momenteel afwezig.",
    ],
)
def test_words_give_a_machine_away(words: str) -> None:
    """Some absence notes carry no header at all."""
    assert is_automatic({}, "mona@client.example", "Re: How did we do?", words)


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("mona@client.example", "Great, thanks."),
        ("mona@client.example", "The work was good. " * 15 + "I am on holiday now, so call in May."),
        ("noreen@client.example", "Readable report, thank you"),
        ("mona@client.example", "Your fitter was absent for two hours."),
    ],
)
def test_people_are_not_machines(sender: str, words: str) -> None:
    """A person who mentions a holiday, or whose name begins like "no reply", is a person."""
    assert is_automatic({"auto-submitted": "no"}, sender, "Re: Absolutely great?", words) is None


def test_a_machines_address_is_known() -> None:
    """mailer-daemon and its like never answer a survey."""
    for sender in ("mailer-daemon@client.example", "no-reply@client.example", "postmaster@x.example"):
        assert is_automatic({}, sender, "", "")


@pytest.mark.parametrize(
    "words",
    [
        "STOP",
        "Stop.",
        "unsubscribe",
        "Please unsubscribe me!",
        "Please stop emailing me",
        "Take me off your list, please.",
        "don't email me again",
        "No more surveys",
        "Bitte abmelden",
        "Keine weiteren E-Mails bitte",
        "Darme de baja",
        "Por favor, no me envíen más correos",
        "Me désabonner",
        "Merci de ne plus m'envoyer de questions",
        "Descadastrar",
        "Não me enviem mais e-mails",
        "Uitschrijven",
        "Graag uitschrijven",
        "The fitter was late. Please unsubscribe me.",
    ],
)
def test_a_wish_to_stop_is_heard(words: str) -> None:
    """In any of the six languages, alone or as a short sentence of its own."""
    assert wants_to_stop("Re: How did we do?", words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "The noise did not stop after the repair.",
        "Please stop by on Friday.",
        "I tried to unsubscribe from your newsletter and it went well",
        "Do not stop, you are great",
        "The bus stop in front of the shop is in the way.",
        "Stop asking your fitters to rush: they do good work when they have the time that they need for it, honestly",
        "Parar",
    ],
)
def test_other_uses_of_the_words_are_no_wish(words: str) -> None:
    """A sentence about stopping something else unsubscribes nobody; a lone word is a wish in its own language."""
    assert wants_to_stop("Re: How did we do?", words) is (words == "Parar")


def test_the_mail_programs_own_button_is_heard() -> None:
    """List-Unsubscribe's mailto sends an empty email with the subject "unsubscribe"."""
    assert wants_to_stop("unsubscribe", "")
    assert not wants_to_stop("Re: unsubscribe rates of our newsletter", "")


def test_what_else_was_said_is_kept() -> None:
    """The wish itself is no comment; the words beside it are."""
    assert without_wish("STOP") == ""
    assert without_wish("The fitter was late. Please unsubscribe me.") == "The fitter was late."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("4/5", 4),
        ("5 / 5!", 5),
        ("4 out of 5", 4),
        ("3 von 5 Sternen", 3),
        ("My rating: 2/5", 2),
        ("5 sur 5", 5),
        ("4 de 5", 4),
        ("5", None),
        ("1", None),
        ("8/10", None),
        ("6/5", None),
        ("45/5", None),
        ("4/5 and thanks for all", None),
        ("I waited 4 of 5 days", None),
        ("excellent", None),
    ],
)
def test_a_rating_counts_only_where_nothing_else_can_be_meant(words: str, expected: int | None) -> None:
    """The scale must be named and nothing else said: 1 is the best mark in some schools and our worst rating."""
    assert rating(words) == expected
