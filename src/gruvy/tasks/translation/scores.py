"""How good translations are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.data.codec import END
from gruvy.errors import MissingExtraError


def score_row(
    name: str, translations: Sequence[str], references: Sequence[str], cross_entropy: float | None = None
) -> dict[str, Any]:
    """Return BLEU (Papineni et al. 2002) and chrF (Popović 2015), both 0 to 100, as sacrebleu defines them.

    Args:
        name: of the row.
        translations: N.
        references: N, one for each.
        cross_entropy: of the references, in nats per sub-word; None where there is none.

    Returns:
        name, bleu, chrf and perplexity.

    Raises:
        MissingExtraError: without sacrebleu.
    """
    perplexity = None if cross_entropy is None else math.exp(cross_entropy)
    return {
        "name": name,
        "bleu": bleu(translations, references),
        "chrf": float(_sacrebleu().corpus_chrf(list(translations), [list(references)]).score),
        "perplexity": perplexity,
    }


def bleu(translations: Sequence[str], references: Sequence[str]) -> float:
    """Return the BLEU of all of them together, with upper and lower case apart, words as sacrebleu's 13a.

    Raises:
        MissingExtraError: without sacrebleu.
    """
    return float(_sacrebleu().corpus_bleu(list(translations), [list(references)]).score)


def sentence_chrf(translation: str, reference: str) -> float:
    """Return the chrF of one sentence: unlike BLEU it is of use for one.

    Raises:
        MissingExtraError: without sacrebleu.
    """
    return float(_sacrebleu().sentence_chrf(translation, [reference]).score)


def check_installed() -> None:
    """Raise MissingExtraError without sacrebleu."""
    _sacrebleu()


def frequencies(targets: Iterable[NDArray[np.int64]], vocabulary: int) -> NDArray[np.float64]:
    """Return the log-probability of each sub-word (V,) by how often it is there, each counted once more (Laplace)."""
    counts = Counter[int]()
    sentences = 0
    for target in targets:
        counts.update(target.tolist())
        sentences += 1
    found = np.ones(vocabulary)
    for number, count in counts.items():
        found[number] += count
    found[END] += sentences
    logarithms: NDArray[np.float64] = np.log(found / found.sum())
    return logarithms


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ModuleNotFoundError as error:
        raise MissingExtraError("BLEU and chrF", "translate", error.name) from error
    return sacrebleu
