"""The corpus as rows to train on: which mails count, which are held out, and what the manifest says of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from mail import corpus, families, tokens
from splitting import hold_out

LEAST_TOKENS = 3  # a mail of one or two words says nothing

Item = TypeVar("Item")


@dataclass(frozen=True)
class Split:
    """Masks over the mails, bool [mails] each; every mail is in exactly one."""

    training: np.ndarray
    validation: np.ndarray
    held_out: np.ndarray


def distinct(mails: Sequence[corpus.Mail]) -> tuple[list[corpus.Mail], list[list[str]], dict[str, int]]:
    """Mails with enough words, each text once; their words; and how many were left out for what."""
    kept: dict[str, tuple[corpus.Mail, list[str]]] = {}
    too_short = 0
    for mail in mails:
        words = tokens.split(mail.text)
        if len(words) < LEAST_TOKENS:
            too_short += 1
        else:
            kept.setdefault(families.fingerprint(words), (mail, words))
    left_out = {"tooShort": too_short, "exactDuplicates": len(mails) - too_short - len(kept)}
    return [mail for mail, _ in kept.values()], [words for _, words in kept.values()], left_out


def family_of_each(mails: Sequence[corpus.Mail], words: Sequence[Sequence[str]]) -> list[int]:
    """The family of each mail: mails of one are never torn apart."""
    return families.families([mail.text.split("\n")[0] for mail in mails], words)


def divide(labels: np.ndarray, family: Sequence[int], held_out_mails: int, validation_mails: int, seed: int) -> Split:
    held_out = hold_out(labels.tolist(), held_out_mails, seed, family)
    rest = np.flatnonzero(~held_out)
    validation = np.zeros_like(held_out)
    validation[rest] = hold_out(labels[rest].tolist(), validation_mails, seed, [family[row] for row in rest])
    return Split(~held_out & ~validation, validation, held_out)


def pick(items: Sequence[Item], mask: np.ndarray) -> list[Item]:
    return [items[row] for row in np.flatnonzero(mask)]


def describe_data(all_mails: Sequence[corpus.Mail], labels: np.ndarray, left_out: dict[str, int]) -> dict[str, Any]:
    return {
        "package": corpus.PACKAGE.name,
        "version": corpus.PACKAGE.version,
        "integrity": corpus.PACKAGE.integrity,
        "rows": len(all_mails),
        **left_out,
        "used": len(labels),
        "spam": int(labels.sum()),
    }


def describe_split(split: Split, family: Sequence[int], seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "trained": int(split.training.sum()),
        "validation": int(split.validation.sum()),
        "heldOut": int(split.held_out.sum()),
        "how": "random by family, the same share of both labels; mails that share most of their text, quote each "
        "other or have the same subject are one family and stay on one side",
        "families": len(set(family)),
        "shingleWords": families.SHINGLE,
        "similar": families.SIMILAR,
        "contained": families.CONTAINED,
    }
