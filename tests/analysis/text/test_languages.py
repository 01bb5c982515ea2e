"""Naming the language of a comment, and reading Spanish, French, German, Portuguese and Dutch."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from analysis.text.feelings import WIDTH, counts
from analysis.text.language import LANGUAGES, detect
from analysis.text.multilingual import FOREIGN, LONGEST, PIECE, MultilingualModel, pieces

HOSTILE = (
    *(
        "",
        " ",
        "\n",
        "123",
        "?!",
        "\x00",
        "\ud800",
        "\ud83d bien",
        "👍",
        "谢谢",
        "ﷺ" * 3000,
        "é" * 9999,
        "e\u0301" * 5000,
    ),
    *("no " * 3000, "a" * 10_000, '"' * 9999, "." * 9999, "Muy bien. " * 900, "\u202eneib yum", "a\n" * 5000),
)


@pytest.fixture(scope="module")
def model() -> MultilingualModel:
    """The head that ships, with the encoder loaded once."""
    return MultilingualModel()


@pytest.mark.parametrize(
    "text",
    [
        *("ok", "OK.", "great service", "n/a", "N/A", "nothing", "John Smith", "Excelent servise", "non", "Mr Patel"),
        *("Mohammed Al-Hassan", "Siobhan O'Connor", "thx", "fine", "No", "Very gud", "They didn’t call me back"),
        "Café staff were lovely, we paid £20 for a naïve mistake of ours and they refunded it",
    ],
)
def test_short_english_answers_stay_english(text: str) -> None:
    """A word or a name that could be of any language is of the likely one."""
    assert detect(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Muy contentos con el trabajo, volveremos", "es"),
        ("Personne ne m'a rappelé depuis lundi", "fr"),
        ("Der Handwerker war freundlich und pünktlich", "de"),
        ("Não gostei da forma como fui atendido", "pt"),
        ("De monteur was erg vriendelijk en werkte snel", "nl"),
        ("Très bien", "fr"),
        ("Muy bien", "es"),
    ],
)
def test_a_clear_sentence_is_named(text: str, language: str) -> None:
    """Other languages are named though English is likely."""
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "   ", "12345", "?!", "👍", "谢谢你们", "Спасибо большое"])
def test_without_latin_letters_the_language_is_unknown(text: str) -> None:
    """No letters, or another script, is honestly unknown."""
    assert detect(text) == "unknown"


def test_a_language_nobody_asked_for_is_unknown() -> None:
    """Polish is not called Dutch because Polish was not on the list."""
    assert detect("Dobrze wykonana praca, jestem bardzo zadowolony z usługi") == "unknown"


def test_the_contacts_language_decides_what_words_do_not() -> None:
    """ "ok" is German from a German contact, and unknown from nobody."""
    assert detect("ok", likely="de") == "de"
    assert detect("ok", likely="") == "unknown"


def test_only_the_firms_languages_are_named() -> None:
    """The answer is one of the languages asked for, or unknown."""
    assert detect("Muy bien", ("en", "fr")) in ("en", "fr", "unknown")
    assert detect("Muy bien", ()) == "unknown"
    assert detect("ok", ("en", "xx")) == "en"


def test_threads_share_the_detector() -> None:
    """Many threads asking at once get the same answers as one."""
    texts = ["Muy contentos", "Très déçu", "Alles bestens", "Tudo ótimo", "Heel tevreden"] * 20
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(detect, texts)) == [detect(text) for text in texts]


@pytest.mark.parametrize("text", HOSTILE)
def test_detection_takes_any_text(text: str) -> None:
    """Whatever is written, a code comes back."""
    assert detect(text) in (*LANGUAGES, "unknown")


@pytest.mark.parametrize(
    ("text", "language", "verdict"),
    [
        ("Un trato excelente, muy amables y rápidos.", "es", 2),
        ("Pésimo servicio, nadie contesta y la avería sigue igual.", "es", 0),
        ("Une équipe formidable, je recommande vivement.", "fr", 2),
        ("C'est inadmissible, deux mois d'attente et toujours rien.", "fr", 0),
        ("Sehr freundliche Beratung, wir sind begeistert.", "de", 2),
        ("Furchtbarer Service, nie wieder, eine Katastrophe.", "de", 0),
        ("Adorei, equipa fantástica e muito simpática.", "pt", 2),
        ("Horrível, nunca mais volto a esta oficina.", "pt", 0),
        ("Uitstekend geholpen, heel vriendelijk personeel.", "nl", 2),
        ("Schandalig slecht, niemand belt terug.", "nl", 0),
    ],
)
def test_clear_sentences_are_read_rightly(model: MultilingualModel, text: str, language: str, verdict: int) -> None:
    """Plain praise is positive and plain blame is negative, in every language, named or detected."""
    named, detected = model.read([text], [language]), model.read([text])
    assert named[0].argmax() == verdict
    assert detected[0].argmax() == verdict


def test_but_decides_in_favour_of_what_follows(model: MultilingualModel) -> None:
    """What comes after "but" weighs more than what came before."""
    first, last = model.read(
        ["Caro, pero muy buen trabajo y gente encantadora.", "Gente encantadora, pero muy caro y mal trabajo."],
        ["es"] * 2,
    )
    assert first[0] < last[0]


def test_hostile_text_gets_probabilities(model: MultilingualModel) -> None:
    """Whatever is written, three probabilities come back that sum to one; nothing to read gives thirds."""
    chances = model.read(HOSTILE)
    assert chances.shape == (len(HOSTILE), 3)
    assert np.allclose(chances.sum(axis=1), 1)
    assert np.isfinite(chances).all()
    assert np.allclose(chances[:5], 1 / 3)
    assert model.read([]).shape == (0, 3)
    assert model.read(["", "?"]).shape == (2, 3)


def test_a_reading_does_not_depend_on_its_neighbours(model: MultilingualModel) -> None:
    """Alone or in a batch, a text is read the same, up to rounding."""
    texts = ["Muy bien todo", "", "Nunca más. " * 100, "Normal"]
    together = model.read(texts, ["es"] * 4)
    alone = np.concatenate([model.read([text], ["es"]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)


def test_long_text_is_cut_into_bounded_pieces() -> None:
    """Pieces hold the text in order, none longer than PIECE, none past LONGEST."""
    text = "El técnico llegó tarde. " * 1000
    found = pieces(text)
    assert all(len(piece) <= PIECE for piece in found)
    assert sum(map(len, found)) <= LONGEST
    assert found[0].startswith("El técnico llegó tarde. El técnico")


def test_reading_time_stops_growing(model: MultilingualModel) -> None:
    """A text of 40,000 characters takes hardly longer than one of LONGEST, as the rest is not read."""
    sentence = "Sin problemas y muy amables. "
    model.read([sentence], ["es"])
    times = []
    for text in (sentence * (LONGEST // len(sentence)), sentence * 1400):
        begun = time.process_time()
        model.read([text], ["es"])
        times.append(time.process_time() - begun)
    assert times[1] < 3 * times[0] + 0.05


@pytest.mark.parametrize(
    ("plain", "turned", "language"),
    [
        ("buen servicio", "no es buen servicio", "es"),
        ("satisfait", "pas satisfait", "fr"),
        ("zufrieden", "nicht zufrieden", "de"),
        ("gostei", "não gostei", "pt"),
        ("tevreden", "niet tevreden", "nl"),
    ],
)
def test_negation_turns_a_feeling(plain: str, turned: str, language: str) -> None:
    """The balance of good and bad words changes its sign behind a "not"."""
    balance = 8
    assert counts(plain, language)[balance] > 0 > counts(turned, language)[balance]


def test_counts_of_every_language_are_bounded() -> None:
    """WIDTH finite numbers between −5 and 5, for any text and any language."""
    for language in (*FOREIGN, "en", "unknown", ""):
        for text in HOSTILE:
            found = counts(text, language)
            assert found.shape == (WIDTH,)
            assert np.isfinite(found).all()
            assert np.abs(found).max() <= 5
