"""What version 1 promises to understand, one capability a test. Every sentence was written for these tests."""

import pytest

from analysis.text.analyser import Comment, Reading
from analysis.text.lexicon import LexiconAnalyser

ANALYSER = LexiconAnalyser()
IMPROVE = "What could we do better?"
ENJOY = "What did you like best?"


def read(text: str, question: str = "", rating: float | None = None) -> Reading:
    return ANALYSER.analyse([Comment(text, question, rating)])[0]


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("The engineer was excellent.", "positive"),
        ("Quick, tidy and fairly priced.", "positive"),
        ("They explained everything clearly and finished early.", "positive"),
        ("Very knowledgeable and patient with our questions.", "positive"),
        ("Rude on the phone and the repair failed within a day.", "negative"),
        ("The work was shoddy and overpriced.", "negative"),
        ("They ignored my emails for weeks.", "negative"),
        ("The app keeps crashing.", "negative"),
        ("I had to chase them three times.", "negative"),
        ("A complete waste of money.", "negative"),
    ],
)
def test_plain_words(text: str, sentiment: str) -> None:
    """Ordinary praise and blame are told apart."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("not bad", "positive"),
        ("Not bad at all.", "positive"),
        ("Not good.", "negative"),
        ("The staff were not friendly or helpful.", "negative"),
        ("I was not happy with the outcome.", "negative"),
        ("They were not late.", "positive"),
        ("I was not unhappy.", "positive"),
        ("hardly ever late", "positive"),
        ("Never had a problem.", "positive"),
        ("I have never had any problems with them.", "positive"),
        ("No complaints.", "positive"),
        ("Done without any issues.", "positive"),
        ("They have never let us down.", "positive"),
        ("The portal doesn't work.", "negative"),
    ],
)
def test_negation_near(text: str, sentiment: str) -> None:
    """A negation turns the words beside it, and idioms with one are known."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("I don't think they are helpful.", "negative"),
        ("I would not say that the service was good.", "negative"),
        ("I do not believe the price is fair.", "negative"),
        ("I didn't find the adviser very knowledgeable.", "negative"),
        ("Couldn't be happier.", "positive"),
        ("We could not be happier with the work.", "positive"),
        ("I can't fault them.", "positive"),
        ("I can't recommend them enough.", "positive"),
        ("Nothing was too much trouble.", "positive"),
        ("The service is not only fast but also friendly.", "positive"),
        ("It could not have been better.", "positive"),
        ("They couldn't care less.", "negative"),
    ],
)
def test_negation_far(text: str, sentiment: str) -> None:
    """A negation reaches over the words that carry it, and stops where praise is only phrased as one."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("The repair was good but slow.", "The repair was slow but good."),
        ("The engineer was great but the bill was wrong.", "The bill was wrong but the engineer was great."),
        ("Friendly people, however the work was sloppy.", "Sloppy work, however the people were friendly."),
        ("I liked the result, but the wait was awful.", "The wait was awful, but I liked the result."),
    ],
)
def test_what_comes_after_but_weighs_more(weaker: str, stronger: str) -> None:
    """The same two judgements read better when the good one comes last."""
    assert read(weaker).score < read(stronger).score


@pytest.mark.parametrize(
    "text",
    [
        "The engineer was great but the bill was wrong.",
        "Lovely receptionist, but the repair was terrible.",
        "Excellent work. Awful communication.",
        "The technician was polite but he broke the printer and the invoice was wrong.",
        "Friendly staff, however nobody ever calls back.",
    ],
)
def test_both_sides_strong_is_mixed(text: str) -> None:
    """Strong praise beside strong blame is mixed, not an average."""
    assert read(text).sentiment == "mixed"


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("They used to be great, now nobody answers the phone.", "negative"),
        ("You used to be reliable.", "negative"),
        ("It used to be slow, now it is fantastic.", "positive"),
        ("We used to hate the portal, now it is easy.", "positive"),
        ("We got used to the new system and it is excellent.", "positive"),
    ],
)
def test_used_to_and_now(text: str, sentiment: str) -> None:
    """What was and is no longer counts the other way."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("slightly disappointing", "extremely disappointing"),
        ("a bit slow", "very slow"),
        ("fairly good", "really good"),
        ("somewhat helpful", "extremely helpful"),
        ("Sometimes rude.", "Always rude."),
        ("good", "good!!!"),
        ("The repair was terrible.", "The repair was TERRIBLE."),
    ],
)
def test_degree(weaker: str, stronger: str) -> None:
    """Reducers, intensifiers, exclamation marks and capitals change the strength and keep the direction."""
    low, high = read(weaker).score, read(stronger).score
    assert low * high > 0
    assert abs(low) < abs(high)


@pytest.mark.parametrize(
    "text",
    [
        "Great, another missed appointment",
        "Brilliant. Waited three hours on hold again.",
        "Thanks for nothing",
        "Fantastic, the printer is broken again.",
        "Lovely, nobody turned up.",
        "Wonderful, another cancelled visit.",
    ],
)
def test_praise_before_a_bad_event_is_irony(text: str) -> None:
    """An opening word of praise before an event that is bad in itself speaks against."""
    assert read(text).sentiment == "negative"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for your time, but the leak is still there and nobody has called back.",
        "Thank you for the visit, however the heating is still broken.",
        "The invoice is wrong again and nobody replies. Thanks.",
    ],
)
def test_thanks_inside_a_complaint(text: str) -> None:
    """Manners do not make a complaint positive."""
    assert read(text).sentiment == "negative"


@pytest.mark.parametrize(
    "text",
    [
        "The team fixed our awful network problem quickly.",
        "They solved a nightmare problem for us.",
        "Resolved the fault within the hour, thank you.",
    ],
)
def test_a_solved_problem_is_good_news(text: str) -> None:
    """The problem that was solved does not speak against who solved it."""
    assert read(text).sentiment == "positive"


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{} fixed the server.", ("John", "Maria", "Joy", "Grace", "Frank", "Aisha", "Wei")),
        ("{} was wonderful.", ("John", "Maria", "Joy", "Grace", "Hope", "Kwame", "Olga")),
        ("We spoke to Mr {} and he was rude.", ("Smith", "Best", "Good", "Sharp", "Okafor")),
        ("The visit by {} Young was a waste of time.", ("Anna", "Mohammed", "Grace", "Chidi")),
    ],
)
def test_names_do_not_move_the_score(template: str, names: tuple[str, ...]) -> None:
    """Whoever did it, the reading is the same: first names, family names, names that are words."""
    assert len({(read(template.format(name)).sentiment, read(template.format(name)).score) for name in names}) == 1


@pytest.mark.parametrize("number", ["0171 555 1234", "+353 1 234 5678", "(555) 010-9999"])
def test_phone_numbers_do_not_move_the_verdict(number: str) -> None:
    """A phone number is no opinion."""
    assert read(f"Good work. My number is {number}").sentiment == "positive"
    assert read(f"Terrible work. My number is {number}").sentiment == "negative"


def test_addresses_do_not_move_the_score() -> None:
    """The words inside an email address or a link were said by nobody."""
    plain = read("Send the invoice please.").score
    assert read("Send the invoice please. terrible.awful@worst.example").score == pytest.approx(plain, abs=0.05)
    assert read("Send the invoice please. https://excellent.example/best").score == pytest.approx(plain, abs=0.05)


@pytest.mark.parametrize(
    ("text", "question", "sentiment"),
    [
        ("Nothing", IMPROVE, "positive"),
        ("nothing.", IMPROVE, "positive"),
        ("No", IMPROVE, "positive"),
        ("None", IMPROVE, "positive"),
        ("Nothing", ENJOY, "negative"),
        ("Nothing", "", "neutral"),
        ("n/a", IMPROVE, "neutral"),
        ("N/A", ENJOY, "neutral"),
        ("-", IMPROVE, "neutral"),
        ("no", "", "neutral"),
        (".", "", "neutral"),
        ("", "", "neutral"),
        ("Everything", IMPROVE, "negative"),
        ("Everything", ENJOY, "positive"),
        ("Yes", "Would you come back?", "positive"),
        ("No", "Would you recommend us?", "negative"),
    ],
)
def test_the_question_decides_an_empty_answer(text: str, question: str, sentiment: str) -> None:
    """ "Nothing", "n/a" and "-" mean what their question makes of them."""
    assert read(text, question).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Excellent", "positive"),
        ("Slow", "negative"),
        ("Expensive", "negative"),
        ("Good", "positive"),
        ("Rude", "negative"),
        ("Efficient", "positive"),
        ("Average", "neutral"),
        ("ok", "neutral"),
    ],
)
def test_one_word_answers(text: str, sentiment: str) -> None:
    """One word is enough where it says something."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("👍", "positive"),
        ("😡😡", "negative"),
        ("Fixed it 😀", "positive"),
        ("Came late 😠", "negative"),
        (":(", "negative"),
    ],
)
def test_emoji_and_faces(text: str, sentiment: str) -> None:
    """Faces speak, alone and beside words."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Excelent servise, realy freindly", "positive"),
        ("Sooooo goooood", "positive"),
        ("unproffesional and rediculous", "negative"),
        ("Dissapointed, dont use them", "negative"),
        ("EXCELLENT SERVICE", "positive"),
        ("TERRIBLE SERVICE", "negative"),
    ],
)
def test_typos_stretched_words_and_capitals(text: str, sentiment: str) -> None:
    """Hasty typing is understood."""
    assert read(text).sentiment == sentiment


@pytest.mark.parametrize(
    "text",
    [
        "The invoice arrived on Tuesday.",
        "They came on Monday and changed the router.",
        "Call me on Thursday.",
        "My account number is on the form.",
    ],
)
def test_facts_are_neutral(text: str) -> None:
    """A statement without a judgement gets none."""
    assert read(text).sentiment == "neutral"


def test_the_rating_speaks_where_the_words_do_not() -> None:
    """A rating tips an open text and hardly moves a clear one."""
    text = "They came on Monday and changed the router."
    assert read(text, rating=5).sentiment == "positive"
    assert read(text, rating=1).score < read(text).score < read(text, rating=5).score
    assert read("Terrible work, rude staff.", rating=5).sentiment == "negative"
    assert read("Excellent work, lovely staff.", rating=1).sentiment == "positive"


@pytest.mark.parametrize(
    "text",
    [
        "We will be switching to another provider next month.",
        "I am taking our business elsewhere.",
        "Please cancel my contract. We are cancelling our subscription.",
        "I will not use them again.",
        "We are looking for a new accountant.",
        "This was the last time I called you.",
        "We won't be renewing.",
        "I'm leaving after ten years.",
        "Taking our business elsewhere",
        "Wont be using this comparison again",
        "Uses other options in the future",
        "We have signed with another company",
        "our contract ends in March and we are looking at other providers",
        "Our new IT provider starts in June.",
        "We won't be needing your services any more.",
        "Next time I will use a different company.",
        "We are shopping around for a new accountant.",
    ],
)
def test_intent_to_leave(text: str) -> None:
    """Who says that they go is heard, and is not read as content."""
    reading = read(text)
    assert reading.intents["leaving"] >= 0.7
    assert reading.sentiment == "negative"


@pytest.mark.parametrize(
    "text",
    [
        "We would never go elsewhere.",
        "I switched to you from another provider and it was the best decision.",
        "We moved to your firm last year and are very happy.",
        "No plans to leave, great service.",
        "We are moving offices in May.",
        "The engineer left at noon.",
        "They cancelled my appointment.",
        "I changed the router myself.",
        "Would use again.",
        "I look at other shops but always come back.",
        "I have looked at other providers and you are the best.",
        "We tried other suppliers but came back to you.",
        "Our contract ends in March and we will renew.",
        "They helped us with cancelling our subscription to the old phone line.",
        "I am taking our business to the next level with your help.",
        "Cannot wait to use them again.",
        "Your engineer explained the other options very well.",
        "We compared other companies and stayed with you.",
    ],
)
def test_no_intent_to_leave(text: str) -> None:
    """Words of leaving that mean something else raise no alarm."""
    assert read(text).intents["leaving"] < 0.3


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Please call me back.", "callback"),
        ("Could someone ring me about the invoice?", "callback"),
        ("I would like to speak to a manager.", "callback"),
        ("Still waiting for a call back.", "callback"),
        ("I want to make a formal complaint.", "complaint"),
        ("This is unacceptable, I want a refund.", "complaint"),
        ("Nobody has replied to me.", "complaint"),
        ("Outstanding work, we are delighted.", "praise"),
        ("Thank you, you were brilliant.", "praise"),
    ],
)
def test_other_intents(text: str, intent: str) -> None:
    """Complaints, praise and the wish to be called are heard."""
    assert read(text).intents[intent] >= 0.6


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("No complaints at all.", "complaint"),
        ("I have nothing to complain about.", "complaint"),
        ("There is no need to call me.", "callback"),
        ("The helpline was useless.", "praise"),
        ("You can choose whether you want to be called.", "callback"),
    ],
)
def test_intents_taken_back(text: str, intent: str) -> None:
    """An intent that is denied, or meant for others, is not heard."""
    assert read(text).intents[intent] < 0.3


@pytest.mark.parametrize(
    ("text", "aspect", "sentiment"),
    [
        ("The receptionist was rude.", "reception", "negative"),
        ("Nobody told us what was happening.", "communication", "negative"),
        ("They arrived on time.", "timeliness", "positive"),
        ("We waited far too long.", "timeliness", "negative"),
        ("Far too expensive.", "price_billing", "negative"),
        ("Great value and fair prices.", "price_billing", "positive"),
        ("Very friendly staff.", "staff_attitude", "positive"),
        ("The technician was incompetent.", "expertise", "negative"),
        ("Very knowledgeable people.", "expertise", "positive"),
        ("They never called back.", "follow_up", "negative"),
        ("The portal is confusing.", "digital", "negative"),
        ("It was easy to book an appointment.", "booking", "positive"),
        ("Easy to use.", "ease_of_use", "positive"),
        ("The workmanship was superb.", "quality_of_work", "positive"),
        ("I would recommend them.", "reputation", "positive"),
    ],
)
def test_aspects(text: str, aspect: str, sentiment: str) -> None:
    """What is spoken of is named, with the direction it has there."""
    assert (aspect, sentiment) in {(mention.aspect, mention.sentiment) for mention in read(text).aspects}


def test_each_aspect_has_its_own_direction() -> None:
    """In a mixed comment each aspect keeps the judgement that was passed on it."""
    found = {
        m.aspect: m.sentiment for m in read("The staff were lovely, but the invoice was wrong and overpriced.").aspects
    }
    assert found["staff_attitude"] == "positive"
    assert found["price_billing"] == "negative"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The work was done well and they were very kind.", "en"),
        ("El servicio fue muy bueno y el técnico llegó a la hora.", "es"),
        ("Le technicien était très gentil et le travail est bien fait.", "fr"),
        ("Der Techniker war sehr freundlich und die Arbeit ist gut.", "de"),
        ("O serviço foi muito bom e os técnicos são simpáticos.", "pt"),
        ("De monteur was zeer vriendelijk en het werk is goed gedaan.", "nl"),
        ("Lorem ipsum dolor", "unknown"),
    ],
)
def test_language(text: str, language: str) -> None:
    """Five neighbours of English are named; what cannot be told is unknown."""
    assert read(text).language == language


def test_other_languages_are_read_with_little_confidence() -> None:
    """What is not English is said to be neutral, without aspects, whatever English words it seems to hold."""
    reading = read("Der Techniker war sehr freundlich und die Arbeit ist super, aber die Rechnung ist nicht fair.")
    assert (reading.language, reading.sentiment, reading.aspects) == ("de", "neutral", ())
    assert max(reading.probabilities.values()) < 0.7
