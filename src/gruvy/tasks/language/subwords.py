"""Learning the pieces of words from a text."""

from __future__ import annotations

import json

from gruvy.errors import MissingExtraError
from gruvy.language import Alphabet, Subwords, words_of


def learn_subwords(text: str, characters: str, size: int) -> Subwords:
    """Learn byte-pair encoding from a text with the tokenizers library.

    Args:
        text: what is learnt from.
        characters: all that may come, in the order of an `Alphabet`.
        size: the most pieces, characters included.

    Raises:
        MissingExtraError: the tokenizers library is not installed.
    """
    try:
        from tokenizers import Tokenizer, models, trainers
    except ModuleNotFoundError as error:
        raise MissingExtraError("tokens='subword'", "text", error.name) from error
    model = Tokenizer(models.BPE())
    alphabet = list(Alphabet(characters).characters)
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(words_of(text), trainer)
    merges = json.loads(model.to_str())["model"]["merges"]
    return Subwords(characters, tuple((first, second) for first, second in merges))
