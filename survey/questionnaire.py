"""What the standard answers mean to the rest of the product, in English: the rating, the words asked for. Pure.

What is asked, and in which words, is a document: `survey.questionnaires`.
"""

ABOUT_PERSON = 1
ABOUT_WORDS = {1: "A person", 2: "The wait", 3: "The price", 4: "The work or product", 5: "Something else"}

_NO_RATING_PROMPT = "Anything you would like to tell us?"
_PROMPTS = {
    5: "What made it excellent?",
    4: "What went well, and what could be better?",
    3: "What would have made it better?",
    2: "What went wrong, and what should we put right?",
    1: "What went wrong, and what should we put right?",
}


def comment_prompt(csat: int | None) -> str:
    """The question a comment answers after a rating of 1…5, or none, as the text models know it."""
    return _NO_RATING_PROMPT if csat is None else _PROMPTS[csat]
