"""Text to tokens with their places, so plain that JavaScript gives the same: all matches of a pattern, a lookup, a shape.

Case is kept: it tells `Mark` from `mark`. What the vocabulary lacks is told apart by its shape, so that a name or a
number that was never seen still looks like one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Explicit ranges only: the same in every regular expression engine and Unicode version.
# Line ends are tokens, too: a name alone on a line is how people sign.
PATTERN = r"[A-Za-z\u00c0-\u024f]+|[0-9]+|[!-/:-@\[-`{-~]|\n+"
PADDING_ID = 0
UNKNOWN_ID = 1
# The first that fits a whole word counts.
SHAPES = [
    r"(?:19|20)[0-9]{2}",
    r"[0-9]",
    r"[0-9]{2}",
    r"[0-9]{3,4}",
    r"[0-9]+",
    r"[A-Z]",
    r"[A-Z][a-z]+",
    r"[A-Z]+",
    r"[a-z]+",
]
FIRST_ID = UNKNOWN_ID + 1 + len(SHAPES)


@dataclass(frozen=True)
class Word:
    """`start` and `end` are places in the text."""

    text: str
    start: int
    end: int


def split(text: str) -> list[Word]:
    return [Word(match.group(), match.start(), match.end()) for match in re.finditer(PATTERN, text)]


def shape_id(word: str) -> int:
    fitting = (UNKNOWN_ID + 1 + i for i, shape in enumerate(SHAPES) if re.fullmatch(shape, word))
    return next(fitting, UNKNOWN_ID)


def choose_vocabulary(
    texts: Iterable[Sequence[str]], size: int, least_texts: int, left_out: set[str]
) -> list[str]:
    """The `size` words and signs that stand in most texts, and in at least `least_texts`; ties alphabetically.

    Digits are never words: a number is known by its shape. `left_out` stays out, too: family names do not travel with
    the model, and are known by where they stand.
    """
    texts_with = Counter(word for words in texts for word in set(words) if word not in left_out)
    frequent = sorted(texts_with.items(), key=lambda entry: (-entry[1], entry[0]))
    return [word for word, count in frequent if count >= least_texts and not word.isdigit()][:size]


def with_names(vocabulary: Sequence[str], names: Iterable[str]) -> list[str]:
    """The vocabulary and, after it, those of the names that it lacks, alphabetically."""
    known = set(vocabulary)
    return [*vocabulary, *sorted(name for name in set(names) if name not in known and re.fullmatch(r"[A-Za-z]+", name))]


class Encoder:
    """Words to ids: of the word itself, or else of its shape."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.ids = {word: FIRST_ID + i for i, word in enumerate(vocabulary)}

    def encode(self, words: Sequence[Word]) -> list[int]:
        return [self.ids.get(word.text) or shape_id(word.text) for word in words]
