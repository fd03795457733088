"""Texts as integers: words, characters or sub-words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.data.words import characters, folded, spaceless_scripts, words
from gruvy.errors import ArgumentError, MissingExtraError, note
from gruvy.text import Unknown, canonical, visible

KINDS = ("word", "character", "subword")
UNKNOWN = "<unknown>"
# How the vocabularies of older files cut texts into words: at every mark of a letter too.
_OLD_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_RULES = 2
# What occurs less often is unknown, so that the network learns what to make of unknown words.
_LEAST_COUNT = {"word": 2, "character": 1}


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a network knows, numbered from 0, which stands for every other one.

    Words and sub-words are read in lower case, characters as they are; see `gruvy.data.words` for where they begin and
    end. Of scripts without spaces between words each character is a word.

    Attributes:
        kind: "word", "character" or "subword" (byte-pair encoding, Sennrich et al. 2016, by the tokenizers library).
        tokens: number -> token.
        subwords: what the tokenizers library needs to read sub-words, as its JSON; "" for the other kinds.
        characters: of the texts that it was learnt from, rare words included; "" if that is not known.
        rules: 1 in files from before words were cut by Unicode's rules.

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
    characters: str = field(default="", repr=False)
    rules: int = field(default=_RULES, repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], kind: str, size: int) -> Vocabulary:
        """Learn a vocabulary from the training texts.

        Args:
            texts: of the training.
            kind: "word", "character" or "subword".
            size: the most tokens to know, the unknown one included: the most frequent.

        Notes texts in scripts without spaces, where words were asked for.

        Raises:
            ArgumentError: an unknown kind.
            MissingExtraError: sub-words without the tokenizers library.
        """
        if kind not in KINDS:
            raise ArgumentError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        seen = "".join(sorted(set().union(*(_form(text, kind) for text in texts))))
        if kind == "subword":
            tokens, subwords = _learn_subwords([visible(text) for text in texts], size)
            return cls(kind, tokens, subwords, seen)
        if kind == "word":
            _note_spaceless(texts)
        counts = Counter(token for text in texts for token in _SPLIT[kind](text))
        frequent = [token for token, count in counts.items() if count >= _LEAST_COUNT[kind]]
        frequent.sort(key=lambda token: (-counts[token], token))
        return cls(kind, (UNKNOWN, *frequent[: size - 1]), characters=seen)

    def __len__(self) -> int:
        return len(self.tokens)

    def split(self, text: str) -> list[str]:
        """Return the tokens of a text as they stand in it; what is known of them is `encode`'s business."""
        if self.kind == "subword":
            tokens: list[str] = self._subword_model.encode(self._written(text)).tokens
            return tokens
        if self.rules == _RULES:
            return _SPLIT[self.kind](text)
        text = self._written(text)
        return list(text) if self.kind == "character" else _OLD_WORD.findall(text.lower())

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the numbers of a text's tokens (T,); a text without any is one unknown token."""
        if self.kind == "subword":
            numbers = self._subword_model.encode(self._written(text)).ids
        else:
            numbers = [self._numbers.get(token, 0) for token in self.split(text)]
        return np.array(numbers or [0], dtype=np.int64)

    def admit(self, texts: Sequence[str], rule: str | None, name: str) -> list[str]:
        """Return texts as a rule for unknown characters leaves them; see `gruvy.text.Unknown`.

        Args:
            texts: to be encoded.
            rule: "refuse", "replace", "skip", or None for "replace": they are tokens that are not known.
            name: how messages call the texts.

        Raises:
            DataError: the rule is to refuse them, and there are some.
        """
        if not self.characters:  # of an older file: which ones were seen is not known
            return list(texts)
        forms = [_form(text, self.kind) for text in texts]
        spaces = {one for one in set().union(*forms) if one.isspace()}
        unknown = Unknown({*self.characters, *spaces}, rule, usual="replace")
        found = unknown.read_all(forms, name)
        return found if unknown.chosen == "skip" else list(texts)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "kind": self.kind,
            "tokens": list(self.tokens),
            "subwords": self.subwords,
            "characters": self.characters,
            "rules": self.rules,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Vocabulary:
        """Put together what `document` returned."""
        return cls(
            document["kind"],
            tuple(document["tokens"]),
            document["subwords"],
            document.get("characters", ""),
            document.get("rules", 1),
        )

    def _written(self, text: str) -> str:
        """A text in the form of those that were learnt from: in older files they may have been decomposed."""
        if self.rules == _RULES:
            return visible(text)
        return text if self._decomposed and self.kind != "subword" else canonical(text)

    @cached_property
    def _decomposed(self) -> bool:
        return any(unicodedata.combining(token[0]) for token in self.tokens)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def _subword_model(self) -> Any:
        return _tokenizers().Tokenizer.from_str(self.subwords)


_SPLIT = {"word": words, "character": characters}


def _form(text: str, kind: str) -> str:
    """What of a text tells its characters."""
    if kind == "subword":
        return unicodedata.normalize("NFKC", visible(text)).lower()
    return folded(text) if kind == "word" else visible(text)


def _note_spaceless(texts: Sequence[str]) -> None:
    scripts, count = spaceless_scripts(texts)
    if scripts:
        note(
            f"{count} of {len(texts)} texts are written without spaces between words ({', '.join(scripts)}): there "
            "each character is read as a word; with subword for the tokens, pieces of words are learnt"
        )


def _learn_subwords(texts: Sequence[str], size: int) -> tuple[tuple[str, ...], str]:
    """The tokens, and what the tokenizers library needs."""
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
    return tuple(sorted(numbers, key=numbers.__getitem__)), model.to_str()


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise MissingExtraError("tokens='subword'", "text", error.name) from error
    return tokenizers
