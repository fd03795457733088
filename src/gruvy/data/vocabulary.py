"""Texts as whole numbers: words, characters or sub-words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError, MissingExtraError

KINDS = ("word", "character", "subword")
UNKNOWN = "<unknown>"
# A word keeps its apostrophes ("isn't"); every other sign stands by itself.
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
# What occurs less often is unknown, so that the network learns what to make of unknown words.
_LEAST_COUNT = {"word": 2, "character": 1}


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a network knows, numbered from 0, which stands for every other one.

    Words and sub-words are read in lower case, characters as they are.

    Attributes:
        kind: "word", "character" or "subword" (byte-pair encoding, Sennrich et al. 2016, by the tokenizers library).
        tokens: number -> token.
        subwords: what the tokenizers library needs to read sub-words, as its JSON; "" for the other kinds.

    Example:
        >>> vocabulary = Vocabulary.of(["so good, so good", "so bad"], "word", 100)
        >>> vocabulary.tokens
        ('<unknown>', 'so', 'good')
        >>> vocabulary.encode("So bad, so good").tolist()
        [1, 0, 0, 1, 2]
    """

    kind: str
    tokens: tuple[str, ...]
    subwords: str = field(default="", repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], kind: str, size: int) -> Vocabulary:
        """Learn a vocabulary from the training texts.

        Args:
            texts: of the training.
            kind: "word", "character" or "subword".
            size: the most tokens to know, the unknown one included: the most frequent.

        Raises:
            ArgumentError: an unknown kind.
            MissingExtraError: sub-words without the tokenizers library.
        """
        if kind not in KINDS:
            raise ArgumentError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        if kind == "subword":
            return _learn_subwords(texts, size)
        counts = Counter(token for text in texts for token in _split(text, kind))
        frequent = [token for token, count in counts.items() if count >= _LEAST_COUNT[kind]]
        frequent.sort(key=lambda token: (-counts[token], token))
        return cls(kind, (UNKNOWN, *frequent[: size - 1]))

    def __len__(self) -> int:
        return len(self.tokens)

    def split(self, text: str) -> list[str]:
        """Return the tokens of a text as they stand in it; what is known of them is `encode`'s business."""
        return self._subword_model.encode(text).tokens if self.kind == "subword" else _split(text, self.kind)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the numbers of a text's tokens (T,); a text without any is one unknown token."""
        if self.kind == "subword":
            numbers = self._subword_model.encode(text).ids
        else:
            numbers = [self._numbers.get(token, 0) for token in _split(text, self.kind)]
        return np.array(numbers or [0], dtype=np.int64)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"kind": self.kind, "tokens": list(self.tokens), "subwords": self.subwords}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Vocabulary:
        """Put together what `document` returned."""
        return cls(document["kind"], tuple(document["tokens"]), document["subwords"])

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def _subword_model(self) -> Any:
        return _tokenizers().Tokenizer.from_str(self.subwords)


def _split(text: str, kind: str) -> list[str]:
    return list(text) if kind == "character" else _WORD.findall(text.lower())


def _learn_subwords(texts: Sequence[str], size: int) -> Vocabulary:
    library = _tokenizers()
    model = library.Tokenizer(library.models.BPE(unk_token=UNKNOWN))
    model.normalizer = library.normalizers.Sequence([library.normalizers.NFKC(), library.normalizers.Lowercase()])
    model.pre_tokenizer = library.pre_tokenizers.Sequence(
        [library.pre_tokenizers.Metaspace(), library.pre_tokenizers.Punctuation()]
    )
    trainer = library.trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=[UNKNOWN], show_progress=False
    )
    model.train_from_iterator(texts, trainer)
    numbers = model.get_vocab()
    return Vocabulary("subword", tuple(sorted(numbers, key=numbers.__getitem__)), model.to_str())


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise MissingExtraError("tokens='subword'", "text", error.name) from error
    return tokenizers
