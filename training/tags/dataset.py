"""The corpus as texts to tag: subject and body as they were written, cut into runs of words, each word with its label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mail.cleaning import SIGNED
from mail.corpus import Mail
from mail.message import read_message
from tags import rules
from tags.fitting import Examples
from tags.given_names import GIVEN_NAMES
from tags.names import Names
from tags.words import Encoder, Word, shape_id, split

MOST_RUNS = 2  # of one mail: a long one says the same things again and again


@dataclass(frozen=True)
class Run:
    """Consecutive words of one text, and their labels."""

    words: list[Word]
    labels: list[str]


def text_of(mail: Mail) -> str:
    """Unlike the text that `mail` is trained on, with addresses, greetings, quotes and signatures: they hold the tags."""
    subject, body = read_message(mail.raw)
    return SIGNED.sub("", f"{subject}\n\n{body}".replace("\r\n", "\n").replace("\r", "\n")).strip()


def runs_of(text: str, names: Names, longest: int) -> list[Run]:
    words = split(text)[: longest * MOST_RUNS]
    if not words:
        return []
    read = text[: words[-1].end]
    labels = rules.label_words(read, words, names)
    return [Run(words[i : i + longest], labels[i : i + longest]) for i in range(0, len(words), longest)]


def to_examples(runs: Iterable[Run], encoder: Encoder) -> Examples:
    rows: list[list[int]] = []
    shapes: list[list[int]] = []
    labels: list[list[int]] = []
    for run in runs:
        rows.append(encoder.encode(run.words))
        shapes.append([shape_id(word.text) for word in run.words])
        labels.append([rules.LABELS.index(label) for label in run.labels])
    return Examples(rows, shapes, labels, sorted(encoder.ids[name] for name in GIVEN_NAMES & set(encoder.ids)))


def words_of_vocabulary(runs: Sequence[Run]) -> list[list[str]]:
    """Words by run, without those of addresses: whose they are is nobody's business."""
    return [
        [word.text for word, label in zip(run.words, run.labels, strict=True) if label != "email"] for run in runs
    ]
