"""Made-up service feedback with its labels: `python -m bench.train.generate` shows samples and counts.

Sentences are drawn from the small parts in `data/*.txt`. A line there is text, optionally ` ~ ` and what it carries:
a severity, letters of intents (l leaving, c complaint, b callback, p praise, r review_threat, s safety_legal) and
`#topics`. `[a|b]` chooses, `<slot>` draws from a section. Two facts of one sample never share a topic, so that nobody
is both early and late. The headings of `cases.txt` name a capability and its label.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
INTENTS = {
    "l": "leaving",
    "c": "complaint",
    "b": "callback",
    "p": "praise",
    "r": "review_threat",
    "s": "safety_legal",
}
FAMILIES = (
    "it",
    "repair",
    "car",
    "plumb",
    "acct",
    "agency",
    "clean",
    "health",
    "hotel",
    "air",
    "shop",
    "course",
    "deliv",
)
BREAKABLE = ("it", "repair", "car", "plumb")
LIKELIHOOD = (4, 3, 3, 4, 3, 2, 2, 2, 2, 1.5, 1.5, 1.5, 2)
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"<([\w.]+)>")
TRIES = 1000
RATINGS = {"neg": (1, 1, 2, 2, 3), "neu": (3, 3, 4), "pos": (4, 5, 5), "mixed": (2, 3, 3, 4)}
EMOJI = {"neg": "😡 😠 👎 😞 🙄 😤 😢", "pos": "😊 👍 🎉 ❤️ 😀 🙏 ⭐", "neu": "🙂 👌 🤷", "mixed": "🤔 🙂 😕"}


class Clash(Exception):  # noqa: N818  no error: the draw is made again
    """Two facts of one sample are about the same topic."""


@dataclass(frozen=True)
class Line:
    text: str
    severity: float = 0.0
    intents: str = ""
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """One heading of `cases.txt`: lines that share a capability, a label and the kind of question they answer."""

    capability: str
    label: str
    question: str
    weight: float
    lines: tuple[Line, ...]


def _carried(
    words: list[str], severity: float, intents: str, topics: frozenset[str]
) -> tuple[float, str, frozenset[str]]:
    for word in words:
        if word.startswith("#"):
            topics |= {word[1:]}
        elif word[0].isdigit() or word[0] == ".":
            severity = float(word)
        elif set(word) <= set(INTENTS):
            intents += word
        elif word != "-" and "=" not in word:
            raise ValueError(f"{word!r} is neither a severity nor intents nor a topic")
    return severity, intents, topics


def _sections(name: str) -> list[tuple[list[str], list[str]]]:
    found: list[tuple[list[str], list[str]]] = []
    for raw in (DATA / name).read_text("utf-8").splitlines():
        if raw.startswith("== "):
            found.append((raw[3:].split(), []))
        elif raw.strip():
            found[-1][1].append(raw.strip())
    return found


def _line(raw: str, default: tuple[float, str, frozenset[str]]) -> Line:
    text, _, carried = raw.partition(" ~")
    return Line(text, *_carried(carried.split(), *default))


@cache
def _parts() -> dict[str, tuple[Line, ...]]:
    parts: dict[str, tuple[Line, ...]] = {}
    for head, raws in _sections("words.txt"):
        # A bar inside brackets belongs to its choice.
        carried = _carried(head[1:], 0.0, "", frozenset())
        parts[head[0]] = tuple(Line(text, *carried) for raw in raws for text in re.split(r"\|(?![^\[]*\])", raw))
    for head, raws in _sections("facts.txt"):
        default = _carried(head[1:], 0.0, "", frozenset())
        parts[head[0]] = tuple(_line(raw, default) for raw in raws)
    return parts


@cache
def _cases() -> tuple[Case, ...]:
    cases = []
    for head, raws in _sections("cases.txt"):
        options = dict(word.split("=") for word in head[2:] if "=" in word)
        default = _carried(head[2:], 0.0, "", frozenset())
        lines = tuple(_line(raw, default) for raw in raws)
        weight = float(options.get("w", 1))
        cases.append(Case(head[0], head[1], options.get("q", ""), weight, lines))
    return tuple(cases)


@dataclass
class _Draw:
    """One sample in the making: who it is about stays the same from its first word to its last."""

    rng: random.Random
    severity: float = 0.0
    intents: set[str] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.family = self.rng.choices(FAMILIES, LIKELIHOOD)[0]
        self.sex = self.rng.choice("fm")
        firm = self.rng.choice(("they", "they", "you"))
        own = {"f": ("she", "her", "her"), "m": ("he", "him", "his")}[self.sex]
        self.kept |= dict(zip(("he", "him", "his"), own, strict=True))
        self.kept |= {"they": firm, "them": {"they": "them", "you": "you"}[firm]}
        self.kept |= {"their": {"they": "their", "you": "your"}[firm]}
        days = self.rng.sample(_parts()["day"], 2)
        self.kept |= {"day1": days[0].text, "day2": days[1].text}

    def say(self, line: Line) -> str:
        """The line with its choices made; what it carries is added to the sample."""
        if line.topics & self.topics or (line.topics and line.text in self.used):
            raise Clash
        self.topics |= line.topics
        self.used.add(line.text)
        self.severity = max(self.severity, line.severity)
        self.intents |= set(line.intents)
        text = line.text
        while CHOICE.search(text):
            text = CHOICE.sub(lambda found: self.rng.choice(found[1].split("|")), text)
        return SLOT.sub(lambda found: self.slot(found[1]), text)

    def slot(self, name: str) -> str:
        parts = _parts()
        if name in self.kept:
            return self.kept[name]
        if name in ("good", "bad"):
            own = f"{name}.{self.family}"
            return self.say(self.rng.choice(parts[own if self.rng.random() < 0.5 else name]))
        if name == "name2":
            return self.rng.choice(parts["names.f"] + parts["names.m"]).text
        if name == "star":
            self.intents.add("p")
            return self.slot("name2")
        text = self.make(name)
        if name in ("person", "name", "role", "thing", "firm", "lad"):
            self.kept[name] = text
        return text

    def make(self, name: str) -> str:
        if name == "person":
            forms = (
                "<name>",
                "<name>",
                "[the|your] <role>",
                "[the|your] <role>",
                "the <lad> who came",
                "the <lad> on the phone",
            )
            return self.say(Line(self.rng.choice(forms)))
        group = {"name": f"names.{self.sex}", "lad": f"lad.{self.sex}"}.get(name)
        if name == "device":
            if self.family not in BREAKABLE:
                raise Clash
            return self.slot("thing")
        if name in ("role", "thing", "firm"):
            group = f"{name}.{self.family}"
        return self.say(self.rng.choice(_parts()[group or name]))


def _sentence_case(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,.!?;:])", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[ai]|e(?!u)|o(?!ne)|un[a-hj-z]|up)", r"\1n ", text)
    return re.sub(r"(^|[.!?]['\"]? )([a-z])", lambda found: found[1] + found[2].upper(), text)


def _typos(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    for _ in range(1 + len(words) // 12):
        at = rng.randrange(len(words))
        word = words[at]
        # Short words and "n't" carry the meaning: a slip there would change the label.
        if len(word) < 5 or "'" in word or not word.isalpha():
            continue
        cut = rng.randrange(1, len(word) - 2)
        slips = (
            word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :],
            word[:cut] + word[cut + 1 :],
            word[:cut] + word[cut] + word[cut:],
        )
        words[at] = rng.choice(slips)
    return " ".join(words)


def _stretched(rng: random.Random, text: str) -> str:
    return re.sub(
        r"\b(so|really|very|bad|good|slow|long)\b", lambda m: m[1] + m[1][-1] * rng.randint(2, 4), text, count=1
    )


def _contracted(text: str) -> str:
    for long, short in (
        ("I am", "I'm"),
        ("we are", "we're"),
        ("did not", "didn't"),
        ("was not", "wasn't"),
        ("I have", "I've"),
    ):
        text = text.replace(long, short)
    return text


def _formal(text: str) -> str:
    text = re.sub(r"\b(did|was|is|do|does|had|has|have|could|would|were)n't\b", r"\1 not", text)
    return (
        text.replace("can't", "cannot")
        .replace("won't", "will not")
        .replace("I'd ", "I would ")
        .replace("it's ", "it is ")
    )


def _styled(rng: random.Random, text: str, label: str) -> str:
    """The same words by another hand: a letter, a thumb on a phone, an angry caps lock."""
    styles: tuple[tuple[float, Callable[[str], str]], ...] = (
        (40, lambda t: t),
        (9, lambda t: t.rstrip(".")),
        (8, str.lower),
        (8, lambda t: re.sub(r"[.,'’!]", "", t.lower())),
        (4, str.upper),
        (7, lambda t: _typos(rng, t)),
        (3, lambda t: _typos(rng, t.lower().replace("'", ""))),
        (3, lambda t: t.replace(". ", rng.choice((".", " .", "...", " - ", ", ")))),
        (3, lambda t: f"{t.rstrip('.')} {rng.choice(EMOJI[label].split())}"),
        (4, lambda t: t.rstrip(".") + rng.choice(("!", "!!", "!!!", "...")) if t.endswith(".") else t),
        (2, lambda t: _stretched(rng, t)),
        (5, _contracted),
        (4, _formal),
        (2, lambda t: t.replace(" and ", " & ").replace("you ", "u ").replace("your ", "ur ").replace("thanks", "thx")),
        (1, lambda t: re.sub(r", ", ",", t)),
    )
    return rng.choices([style for _, style in styles], [weight for weight, _ in styles])[0](text)


def _question(rng: random.Random, capability: str) -> str:
    if rng.random() > 0.3:
        return ""
    kinds = ["q.open", "q.open", "q.open"]
    # A whole sentence keeps its meaning under any question, so both kinds are asked of both sorts.
    if capability not in ("one_word", "noncommittal", "numbers"):
        kinds += ["q.improve", "q.well"]
    return rng.choice(_parts()[rng.choice(kinds)]).text


def _sample(rng: random.Random, case: Case) -> dict[str, Any]:
    for _ in range(TRIES):
        # Nobody sums it up as splendid or a disaster and then says both.
        draw = _Draw(rng, topics={"overall", "rec"} if case.label == "mixed" else set())
        try:
            text = _sentence_case(draw.say(rng.choice(case.lines)))
        except Clash:
            continue
        break
    else:
        raise ValueError(f"{case.capability} {case.label}: no line without a clash in {TRIES} draws")
    if text[-1].isalnum() and case.question == "" and " " in text and rng.random() < 0.8:
        text += "."
    question = _question(rng, case.capability)
    if case.question:
        question = "" if case.question == "none" else rng.choice(_parts()[f"q.{case.question}"]).text
    rating = rng.choice(RATINGS[case.label]) if rng.random() < 0.06 else None
    return {
        "text": _styled(rng, text, case.label),
        "label": case.label,
        "question": question,
        "rating": rating,
        "intents": {name: int(letter in draw.intents) for letter, name in INTENTS.items()},
        "severity": draw.severity if case.label != "pos" else min(draw.severity, 0.2),
        "capability": case.capability,
    }


def generate(count: int = 12000, seed: int = 3) -> list[dict[str, Any]]:
    """`count` distinct samples; the same count and seed give the same list.

    Each has text, label (neg, neu, pos, mixed), question ("" for none), rating (1 to 5, mostly None), intents (six of
    0 or 1), severity (0 to 1) and capability. Fewer come back only when the parts have no more to say.
    """
    rng = random.Random(seed)
    cases = _cases()
    weights = [case.weight for case in cases]
    seen: set[tuple[str, str]] = set()
    samples: list[dict[str, Any]] = []
    for _ in range(count * 5):
        if len(samples) >= count:
            break
        sample = _sample(rng, rng.choices(cases, weights)[0])
        key = (sample["text"], sample["question"])
        if key not in seen:
            seen.add(key)
            samples.append(sample)
    return samples


def main() -> None:
    samples = generate()
    for sample in random.Random(1).sample(samples, 30):
        told = [name for name, is_said in sample["intents"].items() if is_said]
        asked = f"[{sample['question']}] " if sample["question"] else ""
        print(
            f"{sample['label']:5} {sample['severity']:.1f} {sample['capability']}: {asked}{sample['text']} {told or ''}"
        )
    counts = Counter((sample["capability"], sample["label"]) for sample in samples)
    for (capability, label), number in sorted(counts.items()):
        print(f"{capability:20} {label:5} {number:5}")
    print(len(samples), Counter(sample["label"] for sample in samples))


if __name__ == "__main__":
    main()
