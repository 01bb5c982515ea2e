"""Groups of what clients say, found in sentence embeddings, and which of the known ones they are. Pure.

NumPy and SciPy are imported where they are used: only the worker finds themes, and the web process does without.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.text.theme_names import Name, name_groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

FEWEST_SENTENCES = 30  # below, groups are chance
LEAST_COMMENTS = 4  # a theme is said in so many comments at least
LEAST_WORDINGS = 3  # and in so many ways: a text that was pasted many times is no theme
SAME_THEME = 0.8  # cosine of two centroids from which on they are one theme
_NEAR = 0.62  # of the distance between unrelated sentences: what is nearer belongs together
_UNRELATED = 0.75  # the quantile of all distances that stands for "unrelated"
_LEFT_OUT = 16  # directions that are taken out of the vectors, at most one for each hundred texts
_TEXTS_EACH = 100
_READABLE = range(4, 26)  # words of a sentence that is good to quote


@dataclass(frozen=True)
class Group:
    """Sentences that say the same.

    `members` and `example` are places in what was given, `centroid` is a unit vector.
    """

    name: str
    words: tuple[str, ...]
    members: tuple[int, ...]
    example: int
    centroid: "Array"


def find_themes(
    sentences: Sequence[str], comments: Sequence[int], vectors: "Array", people: Iterable[str] = ()
) -> list[Group]:
    """Groups of sentences that say the same, named by their own words, the most said first; none below 30 sentences.

    Average-linkage clustering (Sokal & Michener 1958) of the cosine distances, cut where sentences are clearly nearer
    than unrelated ones: the cut follows the embedding, whose distances another model may stretch. HDBSCAN left 85 % of
    the same sentences ungrouped instead of 60 %, at nearly the same tightness, and took ten times as long.
    Groups whose words say nothing ("very good") are left out; groups of one name are merged. The order of the sentences
    does not matter.

    Args:
        comments: which comment each sentence is from; a theme needs four.
        vectors: unit vectors (sentences, width).
        people: names of persons, which no theme is named by.
    """
    import numpy as np

    if len(sentences) < FEWEST_SENTENCES:
        return []
    order = sorted(range(len(sentences)), key=lambda at: (sentences[at], comments[at], at))
    kinds: dict[str, list[int]] = defaultdict(list)  # the same words are clustered once
    for at in order:
        kinds[" ".join(sentences[at].casefold().split()).strip(".!?, ")].append(at)
    places = list(kinds.values())
    labels = _clustered(_without_the_usual(np.stack([vectors[same[0]] for same in places])))
    groups: dict[int, list[int]] = defaultdict(list)
    for label, same in zip(labels, places, strict=True):
        groups[label].extend(same)
    wordings = Counter(labels)
    large = [
        group
        for label, group in groups.items()
        if wordings[label] >= LEAST_WORDINGS and len({comments[at] for at in group}) >= LEAST_COMMENTS
    ]
    found = [_group(name, members, sentences, vectors) for name, members in _named(sentences, large, people)]
    return sorted(found, key=lambda group: (-len({comments[at] for at in group.members}), group.name))


def _without_the_usual(vectors: "Array") -> "Array":
    """The vectors without their mean and the directions in which they differ most, as unit vectors.

    Mu & Viswanath 2018, "All-but-the-Top" (ICLR): what remains tells meanings apart. An encoder that has learnt to read
    service feedback spreads it by sentiment and aspect, which would leave a handful of large groups: on the same
    sentences 24 of them, against 150 tighter ones. Below a hundred texts the directions would be the themes.
    """
    import numpy as np

    count = min(_LEFT_OUT, len(vectors) // _TEXTS_EACH)
    if not count:
        return vectors
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    usual = np.linalg.eigh(centred.T @ centred)[1][:, -count:]
    rest = centred - (centred @ usual) @ usual.T
    unit: Array = (rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def _clustered(vectors: "Array") -> list[int]:
    """A label for each vector."""
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    count = len(vectors)
    if count < 2:
        return [0] * count
    distances = np.empty(count * (count - 1) // 2)
    at = 0
    for row in range(count - 1):  # row by row: the square matrix would take twice the memory
        distances[at : at + count - 1 - row] = 1 - vectors[row + 1 :] @ vectors[row]
        at += count - 1 - row
    np.clip(distances, 0, None, out=distances)
    cut = _NEAR * float(np.quantile(distances, _UNRELATED))
    return [int(label) for label in fcluster(linkage(distances, "average"), cut, "distance")]


def _named(
    sentences: Sequence[str], groups: Sequence[Sequence[int]], people: Iterable[str]
) -> list[tuple[Name, list[int]]]:
    """The groups that have a name; those whose names say the same are one, called as the largest of them."""
    named: dict[frozenset[str], tuple[Name, list[int]]] = {}
    order = sorted(range(len(groups)), key=lambda at: (-len(groups[at]), [sentences[i] for i in groups[at]]))
    names = name_groups(sentences, groups, people)
    for at in order:
        name = names[at]
        if name is not None:
            named.setdefault(name.key, (name, []))[1].extend(groups[at])
    return list(named.values())


def _group(name: Name, members: Sequence[int], sentences: Sequence[str], vectors: "Array") -> Group:
    centre = centroid(vectors[list(members)])

    def fit(at: int) -> tuple[float, str]:
        readable = len(sentences[at].split()) in _READABLE
        return round(float(vectors[at] @ centre) + (0.15 if readable else 0.0), 5), sentences[at]

    return Group(name.text, name.words, tuple(members), max(members, key=fit), centre)


def centroid(vectors: "Array") -> "Array":
    """The middle of unit vectors (n, width), as a unit vector."""
    import numpy as np

    mean = vectors.astype(np.float64).mean(axis=0)
    unit: Array = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit


def matched(found: "Sequence[Array]", known: "Sequence[Array]") -> dict[int, int]:
    """Which of the `known` centroids each found one continues: place in `found` → place in `known`.

    The one-to-one assignment with the greatest sum of cosines (Kuhn 1955, the Hungarian method) among pairs that are
    similar enough; a group that is not in the answer is a new theme.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not len(found) or not len(known):
        return {}
    cosines = np.stack(list(found)) @ np.stack(list(known)).T
    cosines[cosines < SAME_THEME] = 0
    rows, columns = linear_sum_assignment(-cosines)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if cosines[row, column] > 0}
