"""A score and words beside it that do not fit together: 1 of 5 and "absolutely brilliant, thank you". Pure.

Rather nothing than a wrong guess: only strong words of one kind count, and only where nothing in the text says
otherwise: no negation, no "but", no word of the other kind. Figures: docs/survey-pages.md.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from survey.questionnaires.logic import Answers

LONGEST = 600  # characters; who writes more has more to say than one thing
WARM, BITTER = 1, -1

# By language: strong praise, strong blame, what makes either doubtful. Beginnings of words; a space parts two words.
_WARM: Mapping[str, str] = {
    "en": "excellent|fantastic|brilliant|amazing|wonderful|outstanding|superb|perfect|marvellous|first class|"
    "can t fault|couldn t fault|cannot fault|highly recommend|very happy|very pleased|very satisfied|"
    "couldn t be better|could not be better|couldn t have been better|delighted|five stars|thank you so much",
    "es": "excelente|fantástic|maravillos|estupend|magnífic|impecable|perfect|inmejorable|genial|muy content|"
    "muy satisfech|encantad|recomiendo|lo recomendaría|de diez|muchísimas gracias",
    "fr": "excellent|fantastique|formidable|impeccable|parfait|magnifique|merveilleu|génial|très content|"
    "très satisfait|ravi|je recommande|remarquable|au top|un grand merci",
    "de": "ausgezeichnet|hervorragend|fantastisch|großartig|perfekt|wunderbar|exzellent|einwandfrei|erstklassig|"
    "sehr zufrieden|rundum zufrieden|begeistert|klasse|"
    "tadellos|weiterzuempfehlen|sehr empfehlenswert|vielen herzlichen dank",
    "pt": "excelente|fantástic|maravilhos|magnífic|impecáve|perfeit|ótim|óptim|espetacular|muito content|"
    "muito satisfeit|encantad|recomendo|cinco estrelas|muitíssimo obrigad",
    "nl": "uitstekend|fantastisch|geweldig|perfect|voortreffelijk|prachtig|schitterend|zeer tevreden|heel tevreden|"
    "erg tevreden|super blij|aanrader|top service|subliem|hartelijk dank",
}
_BITTER: Mapping[str, str] = {
    "en": "terrible|awful|appalling|dreadful|disgrace|disgusting|horrible|horrendous|shocking|unacceptable|"
    "worst|useless|incompetent|very poor|very bad|very rude|so rude|extremely rude|very disappoint|never again|"
    "waste of time|waste of money|rip off|shambles|abysmal",
    "es": "terrible|horrible|pésim|fatal|inaceptable|vergonzos|vergüenza|desastr|lamentable|nefast|inútil|"
    "muy mal|muy decepcion|nunca más|pérdida de tiempo|una estafa|maleducad",
    "fr": "horrible|catastroph|lamentable|inacceptable|inadmissible|honteu|déplorable|scandaleu|"
    "très mauvais|très déçu|plus jamais|perte de temps|arnaque|incompétent|nul à",
    "de": "schrecklich|furchtbar|katastroph|unverschämt|inakzeptabel|miserabel|grauenhaft|unmöglich|frechheit|"
    "sehr schlecht|sehr enttäusch|nie wieder|zeitverschwendung|abzocke|inkompetent|unterirdisch",
    "pt": "terríve|horríve|péssim|inaceitáve|vergonhos|vergonha|desastr|lamentáve|incompetent|inútil|"
    "muito mau|muito má|muito mal|muito desilud|nunca mais|perda de tempo|uma burla|malcriad",
    "nl": "verschrikkelijk|vreselijk|waardeloos|onacceptabel|schandalig|belachelijk|afschuwelijk|rampzalig|"
    "zeer slecht|heel slecht|erg slecht|zeer teleurgesteld|nooit meer|tijdverspilling|oplichter|onbeschoft|incompetent",
}
_DOUBT: Mapping[str, str] = {  # words that, anywhere in the text, leave it undecided
    "en": "not|no|n t|t|never|nothing|nobody|none|without|hardly|but|however|although|though|except|apart from|only|"
    "if|would|should|could|unfortunately|sadly|despite|until|before|last time|used to|instead|far from|so called|"
    "supposed|less|too|while|expecting|expected|improve|improved|improvement",
    "es": "no|nunca|nada|nadie|ningun|ningún|sin|pero|aunque|sin embargo|excepto|salvo|solo|sólo|si|debería|podría|"
    "hasta|antes|lástima|desgraciadamente|a pesar|menos",
    "fr": "pas|ne|n|jamais|rien|personne|aucun|sans|mais|cependant|pourtant|sauf|seul|si|devrait|pourrait|aurait|"
    "jusqu|avant|dommage|malheureusement|malgré|moins",
    "de": "nicht|nie|niemals|nichts|niemand|kein|ohne|aber|jedoch|doch|obwohl|außer|nur|wenn|wäre|hätte|sollte|"
    "könnte|würde|bis|vorher|früher|leider|trotz|weniger",
    "pt": "não|nunca|nada|ninguém|nenhum|sem|mas|porém|contudo|embora|exceto|só|apenas|se|devia|deveria|podia|"
    "poderia|até|antes|pena|infelizmente|apesar|menos",
    "nl": "niet|nooit|niets|niemand|geen|zonder|maar|echter|hoewel|behalve|alleen|als|zou|had|moest|"
    "tot|voorheen|vroeger|helaas|jammer|ondanks|minder",
}
_PLAIN_BLAME: Mapping[str, str] = {  # with strong praise: undecided
    "en": "bad|poor|rude|slow|late|wait|delay|problem|issue|wrong|broke|complain|disappoint|unhappy|expensive|dirty|"
    "mess|fail|ignored|lie|lied|worse|cancel|mistake|unprofessional",
    "es": "mal|lent|tard|esper|problem|error|roto|queja|decepci|car|suci|fall|cancel|peor|groser",
    "fr": "mauvais|lent|retard|attent|attend|problèm|erreur|cass|plaint|déç|cher|sale|panne|annul|pire|impoli",
    "de": "schlecht|langsam|spät|warte|problem|fehler|kaputt|"
    "beschwer|enttäusch|teuer|schmutz|defekt|schlimm|unfreundlich",
    "pt": "mau|má|mal|lent|tard|atras|esper|problem|erro|"
    "partid|queix|reclam|desilu|car|suj|avari|cancel|pior|antipátic",
    "nl": "slecht|traag|laat|wacht|probleem|fout|kapot|klacht|klag|teleurgesteld|duur|vies|defect|erger|onvriendelijk",
}
_PLAIN_PRAISE: Mapping[str, str] = {  # with strong blame: undecided
    "en": "good|great|nice|happy|pleased|thank|love|help|friendly|kind|best|fine|well|quick|fix|resolved|sorted",
    "es": "buen|bien|gracias|amable|rápid|mejor|content|ayud|solucion|resolv|resuelt",
    "fr": "bon|bien|merci|aimable|rapide|mieux|meilleur|content|aid|résolu|gentil|sympa",
    "de": "gut|danke|freundlich|schnell|besser|beste|zufrieden|hilf|geholfen|gelöst|nett|super|toll",
    "pt": "bom|boa|bem|obrigad|simpátic|rápid|melhor|content|ajud|resolv|amáve",
    "nl": "goed|bedankt|dank|vriendelijk|snel|beter|beste|tevreden|hulp|geholpen|opgelost|aardig|fijn|blij",
}
_WHOLE_WORDS = re.compile(r"[^\W_]+")
# What a score that may be upside down offers instead: question → (low scores, high scores, offered for low, for high).
_SCALES = {
    "csat": ((1, 2), (5,), 5, 1),
    "nps": ((0, 1, 2), (10,), 10, 0),
    "ces": ((1, 2), (7,), 7, 1),
}


def tone(text: str, language: str) -> int:
    """WARM or BITTER where the words leave no doubt, else 0. `language` is the one of the page they were written on."""
    if language not in _WARM or len(text) > LONGEST or "?" in text:
        return 0
    plain = unicodedata.normalize("NFC", text).casefold()
    words = f" {' '.join(_WHOLE_WORDS.findall(plain))} "
    is_warm, is_bitter = (bool(found) for found in (_strong(language, WARM, words), _strong(language, BITTER, words)))
    if is_warm == is_bitter:
        return 0
    kind = WARM if is_warm else BITTER
    rest = _pattern(language, kind).sub(" ", words)  # "couldn't fault" and "never again" are no doubt
    return 0 if _doubt(language, kind).search(rest) else kind


def better_fit(answers: Answers, lead: str, language: str) -> int | None:
    """The value of the question `lead` that the words beside it speak for, where its own is at the other end."""
    value, text = answers.get(lead), answers.get("comment")
    if lead not in _SCALES or not isinstance(value, int) or not isinstance(text, str):
        return None
    low, high, for_low, for_high = _SCALES[lead]
    if value in low and tone(text, language) == WARM:
        return for_low
    if value in high and tone(text, language) == BITTER:
        return for_high
    return None


def _strong(language: str, kind: int, words: str) -> re.Match[str] | None:
    return _pattern(language, kind).search(words)


@lru_cache(maxsize=16)
def _pattern(language: str, kind: int) -> re.Pattern[str]:
    return re.compile(rf"(?<= )(?:{(_WARM if kind == WARM else _BITTER)[language]})\w*")


@lru_cache(maxsize=16)
def _doubt(language: str, kind: int) -> re.Pattern[str]:
    other = (_PLAIN_BLAME if kind == WARM else _PLAIN_PRAISE)[language]
    return re.compile(rf"(?<= )(?:(?:{_DOUBT[language]})(?= )|(?:{other})\w*)")
