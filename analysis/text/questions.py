"""What kind of answer a question asks for: "Nothing." is praise under one and blame under another."""

import re
from functools import lru_cache

_WORSE = re.compile(
    r"\b(?:better|improve\w*|wrong|badly|worse|worst|dislike\w*|didn.t (?:you )?like|disappoint\w*|change|missing"
    r"|differently)\b"
)
_BETTER = re.compile(r"\b(?:good|well|like|liked|enjoy\w*|best|happy with|please[ds]?|satisf\w*|positive)\b")
_WHY = re.compile(r"\b(?:why|reason|tell us (?:more|about)|main reason|because)\b")


@lru_cache(maxsize=2000)
def asked_for(question: str) -> str:
    """ "worse": what to improve; "better": what was good; "why": the reason for a rating; else ""."""
    folded = question.lower()
    worse, better = bool(_WORSE.search(folded)), bool(_BETTER.search(folded))
    if worse != better:
        return "worse" if worse else "better"
    return "why" if worse or _WHY.search(folded) else ""
