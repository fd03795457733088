"""Sub-words that can be put together again: what a network that writes texts reads and writes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import MissingExtraError
from gruvy.text import Unknown

UNKNOWN, BEGIN, END = 0, 1, 2
_SPECIAL = ("<unknown>", "<begin>", "<end>")


class SubwordCodec:
    """Byte-pair encoding (Sennrich et al. 2016) by the tokenizers library, upper and lower case apart.

    Texts are brought to Unicode's form NFKC. A word carries the space before it and punctuation stands by itself, so
    that `decode` gives back the text.

    Args:
        document: what the tokenizers library needs, as its JSON.

    Raises:
        MissingExtraError: without the tokenizers library.

    Example:
        >>> subwords = SubwordCodec.of(["In the beginning, God", "and God said"] * 2, 100)
        >>> subwords.decode(subwords.encode("In the end, God said"))
        'In the end, God said'
    """

    def __init__(self, document: str):
        self.document = document
        self._model = _tokenizers().Tokenizer.from_str(document)
        self._model.encode_special_tokens = True  # an "<end>" that stands in a text is a text

    @classmethod
    def of(cls, texts: Iterable[str], size: int) -> SubwordCodec:
        """Learn them from the training texts.

        Args:
            texts: of the training.
            size: the most sub-words to know, three special ones included.
        """
        library = _tokenizers()
        model = library.Tokenizer(library.models.BPE(unk_token=_SPECIAL[UNKNOWN]))
        model.normalizer = library.normalizers.NFKC()
        model.pre_tokenizer = library.pre_tokenizers.Sequence(
            [library.pre_tokenizers.Metaspace(), library.pre_tokenizers.Punctuation()]
        )
        model.decoder = library.decoders.Metaspace()
        trainer = library.trainers.BpeTrainer(
            vocab_size=size,
            limit_alphabet=max(1, size - len(_SPECIAL)),  # rarer characters are unknown
            min_frequency=2,
            special_tokens=list(_SPECIAL),
            show_progress=False,
        )
        model.train_from_iterator(texts, trainer)
        return cls(model.to_str())

    def __len__(self) -> int:
        size: int = self._model.get_vocab_size()
        return size

    def admit(self, texts: Sequence[str], rule: str | None, name: str) -> list[str]:
        """Return texts as a rule for unknown characters leaves them; see `gruvy.text.Unknown`.

        Args:
            texts: to be encoded.
            rule: "refuse", "replace", "skip", or None for "replace": they are sub-words that are not known.
            name: how messages call the texts.

        Raises:
            DataError: the rule is to refuse them, and there are some.
        """
        forms = [unicodedata.normalize("NFKC", text) for text in texts]
        spaces = {one for one in set().union(*forms) if one.isspace()}
        unknown = Unknown(self._characters | spaces, rule, usual="replace")
        found = unknown.read_all(forms, name)
        return found if unknown.chosen == "skip" else list(texts)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the numbers of a text's sub-words (T,)."""
        return np.array(self._model.encode(text).ids, dtype=np.int64)

    def names(self, numbers: Sequence[int]) -> list[str]:
        """Return the sub-words of these numbers."""
        return [self._model.id_to_token(int(number)) for number in numbers]

    def decode(self, numbers: Sequence[int] | NDArray[np.int64]) -> str:
        """Return the text of these numbers, without the special ones."""
        text: str = self._model.decode([int(number) for number in numbers])
        return text

    @cached_property
    def _characters(self) -> set[str]:
        return {token for token in self._model.get_vocab() if len(token) == 1}


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise MissingExtraError("Translator", "translate", error.name) from error
    return tokenizers
