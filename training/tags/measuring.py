"""How well tags are found: of each tag precision, recall and F1, by word and by whole find."""

from collections.abc import Iterable, Sequence
from typing import Any

from tags.rules import LABELS


def measure(expected: Sequence[Sequence[str]], answered: Sequence[Sequence[str]]) -> dict[str, Any]:
    """For texts of labelled words. A find is a run of words of one tag; it is right where both its ends are."""
    words = [word for text in zip(expected, answered, strict=True) for word in zip(*text, strict=True)]
    result: dict[str, Any] = {
        "texts": len(expected),
        "words": len(words),
        "accuracy": share(sum(a == b for a, b in words), len(words)),
        "tags": {},
    }
    for tag in LABELS[1:]:
        wanted = {find for place, text in enumerate(expected) for find in finds(place, text, tag)}
        found = {find for place, text in enumerate(answered) for find in finds(place, text, tag)}
        result["tags"][tag] = {
            **scores(
                sum(a == tag == b for a, b in words), sum(a == tag for a, _ in words), sum(b == tag for _, b in words)
            ),
            "finds": scores(len(wanted & found), len(wanted), len(found)),
        }
    return result


def scores(right: int, wanted: int, found: int) -> dict[str, Any]:
    return {
        "count": wanted,
        "precision": share(right, found),
        "recall": share(right, wanted),
        "f1": share(2 * right, wanted + found),
    }


def share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def finds(place: int, labels: Sequence[str], tag: str) -> Iterable[tuple[int, int, int]]:
    start = None
    for i, label in enumerate([*labels, "none"]):
        if label == tag and start is None:
            start = i
        elif label != tag and start is not None:
            yield place, start, i
            start = None


def table(result: dict[str, Any]) -> str:
    lines = [f"{result['texts']} texts, {result['words']} words, {result['accuracy']:.4f} right"]
    for tag, of_words in result["tags"].items():
        lines.append(
            f"{tag:8} words {of_words['count']:6} p {of_words['precision']:.3f} r {of_words['recall']:.3f} "
            f"f1 {of_words['f1']:.3f}; finds {of_words['finds']['count']:5} f1 {of_words['finds']['f1']:.3f}"
        )
    return "\n".join(lines)
