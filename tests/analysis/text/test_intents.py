"""What clients mean to do, and words that only sound like it. Every sentence was written for these tests."""

import pytest

from analysis.text.analyser import Comment, Reading, TextAnalyser


def read(analyser: TextAnalyser, text: str) -> Reading:
    return analyser.analyse([Comment(text)])[0]


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
def test_intent_to_leave(analyser: TextAnalyser, text: str) -> None:
    """Who says that they go is heard."""
    assert read(analyser, text).intents["leaving"] >= 0.7


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
def test_no_intent_to_leave(analyser: TextAnalyser, text: str) -> None:
    """Words of leaving that mean something else raise no alarm."""
    assert read(analyser, text).intents["leaving"] < 0.3


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
        ("Your technician Amir was brilliant, thank him from me.", "praise"),
        ("Special thanks to Joan on the desk, she was lovely.", "praise"),
        ("I will tell everyone online how you treated us.", "review_threat"),
        ("The plug sparked and my son got a shock.", "safety_legal"),
        ("You will hear from our solicitor.", "safety_legal"),
    ],
)
def test_other_intents(analyser: TextAnalyser, text: str, intent: str) -> None:
    """Complaints, praise and the wish to be called are heard."""
    assert read(analyser, text).intents[intent] >= 0.6


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
def test_intents_taken_back(analyser: TextAnalyser, text: str, intent: str) -> None:
    """An intent that is denied, or meant for others, is not heard."""
    assert read(analyser, text).intents[intent] < 0.4


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("Cancelled our other contract and put everything with you.", 5.0),
        ("Been a client for ten years and will stay another ten.", 5.0),
        ("We will stop looking for other suppliers now.", 5.0),
        ("Simple and quick when we had to switch suppliers, thank you.", 4.0),
        ("Their return process is awesome, cancelling my order was easy.", 4.0),
        ("Could not ask for more, goodbye to my old garage!", 5.0),
        ("The migration to another server was done overnight, we noticed nothing.", None),
        ("Could not ask for more, goodbye to my old garage!", None),
    ],
)
def test_praise_is_no_intent_to_leave(analyser: TextAnalyser, text: str, rating: float | None) -> None:
    """Words of change in a comment that praises raise no flag: the accurate tier is asked, and hears the praise."""
    assert analyser.analyse([Comment(text, rating=rating)])[0].intents["leaving"] < 0.6


@pytest.mark.parametrize(
    "text",
    [
        "Nice people, but we are going with another firm from January.",
        "Time for us to part ways.",
        "Last straw, we're off.",
        "Please tell me how to terminate.",
    ],
)
def test_who_goes_politely_is_heard(analyser: TextAnalyser, text: str) -> None:
    """A second reading confirms what is meant, however short or kind the words are."""
    assert analyser.analyse([Comment(text, rating=2.0)])[0].intents["leaving"] >= 0.6
