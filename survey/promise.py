"""The service promise: what a client should see happen in every job, in the languages that clients read. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class PromiseStep:
    """One step. `text` is in the firm's language, `texts` says it in others; a language without one gets `text`."""

    key: str
    text: str
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict[str, Any]:
        """As the firm's row keeps it."""
        said = {language: text for language, text in self.texts.items() if text}
        return {"key": self.key, "text": self.text, **({"texts": said} if said else {})}

    def text_in(self, language: str) -> str:
        """What a reader of `language` is shown."""
        return self.texts.get(language) or self.text


DEFAULT_PROMISE = (
    PromiseStep(
        "greeted",
        "We greeted you and listened",
        {
            "es": "Le saludamos y le escuchamos",
            "fr": "Vous avez eu un bon accueil et une bonne écoute",
            "de": "Wir haben Sie begrüßt und Ihnen zugehört",
            "pt": "Demos-lhe as boas-vindas e ouvimos com atenção",
            "nl": "We hebben u begroet en naar u geluisterd",
        },
    ),
    PromiseStep(
        "told_next",
        "We told you what happens next, and when",
        {
            "es": "Le dijimos qué pasaría después y cuándo",
            "fr": "Nous vous avons dit ce qui allait se passer, et quand",
            "de": "Wir haben Ihnen gesagt, was als Nächstes geschieht und wann",
            "pt": "Dissemos-lhe o que ia acontecer a seguir e quando",
            "nl": "We hebben u verteld wat er zou gebeuren, en wanneer",
        },
    ),
    PromiseStep(
        "kept_informed",
        "We kept you informed",
        {
            "es": "Le mantuvimos al corriente",
            "fr": "Nous vous avons donné des nouvelles régulièrement",
            "de": "Wir haben Sie auf dem Laufenden gehalten",
            "pt": "Fomos dando notícias ao longo do trabalho",
            "nl": "We hebben u op de hoogte gehouden",
        },
    ),
    PromiseStep(
        "done_as_agreed",
        "The work was done as agreed",
        {
            "es": "El trabajo se hizo según lo acordado",
            "fr": "Le travail a été fait comme convenu",
            "de": "Die Arbeit wurde wie vereinbart erledigt",
            "pt": "O trabalho foi feito como combinado",
            "nl": "Het werk is gedaan zoals afgesproken",
        },
    ),
    PromiseStep(
        "explained",
        "We checked it with you and explained it at the end",
        {
            "es": "Al final lo revisamos todo con usted y se lo explicamos",
            "fr": "À la fin, nous avons tout vérifié avec vous et expliqué",
            "de": "Wir haben am Ende alles mit Ihnen geprüft und erklärt",
            "pt": "No fim, verificámos tudo consigo e explicámos",
            "nl": "We hebben aan het eind alles met u nagekeken en uitgelegd",
        },
    ),
)


def promise_steps(promise: Iterable[Mapping[str, Any]]) -> list[PromiseStep]:
    """The firm's service promise from its settings row."""
    return [PromiseStep(str(step["key"]), str(step["text"]), dict(step.get("texts") or {})) for step in promise]


def said_in(steps: Iterable[PromiseStep], language: str) -> list[PromiseStep]:
    """The steps with `text` as a reader of `language` is shown it."""
    return [replace(step, text=step.text_in(language)) for step in steps]


def written_in(steps: Iterable[PromiseStep], own: str) -> list[PromiseStep]:
    """The steps as the settings edit them: `text` in the firm's `own` language, `texts` in the others alone."""
    return [
        PromiseStep(step.key, step.text_in(own), {code: text for code, text in step.texts.items() if code != own})
        for step in steps
    ]
