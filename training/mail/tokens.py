"""Text to token ids, so plain that JavaScript gives the same ids: `text.toLowerCase()`, `matchAll`, a lookup, a cut."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

# ASCII classes only: the same in every regular expression engine and Unicode version.
PATTERN = r"[a-z]+(?:'[a-z]+)?|[0-9]+|[$!?%]"
PADDING_ID = 0
UNKNOWN_ID = 1
FIRST_ID = 2


def split(text: str) -> list[str]:
    return re.findall(PATTERN, text.lower())


def choose_vocabulary(texts: Iterable[Sequence[str]], size: int, least_texts: int) -> list[str]:
    """The `size` words that stand in most texts, and in at least `least_texts`; ties alphabetically.

    Numbers of four digits and more stay unknown: years, postcodes and telephone numbers tell when and by whom a text
    was written, not of which class it is.
    """
    texts_with = Counter(word for words in texts for word in set(words) if not re.fullmatch(r"[0-9]{4,}", word))
    frequent = sorted(texts_with.items(), key=lambda entry: (-entry[1], entry[0]))
    return [word for word, count in frequent[:size] if count >= least_texts]


class Encoder:
    """Words to ids; the first `max_tokens` of a text count."""

    def __init__(self, vocabulary: Sequence[str], max_tokens: int) -> None:
        self.ids = {word: FIRST_ID + i for i, word in enumerate(vocabulary)}
        self.max_tokens = max_tokens

    def encode(self, words: Sequence[str]) -> list[int]:
        return [self.ids.get(word, UNKNOWN_ID) for word in words[: self.max_tokens]]


def pad(rows: Sequence[Sequence[int]], width: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Token ids int64 [rows, longest or `width`], padded on the right, and lengths int64 [rows]."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), width or int(lengths.max())), PADDING_ID, dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded, lengths
