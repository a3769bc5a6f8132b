"""Which rows are held out: seeded, the same share of every label, and families of rows never torn apart."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np


def hold_out(labels: Sequence[int], count: int, seed: int, families: Sequence[Hashable] | None = None) -> np.ndarray:
    """Mask of `count` rows to hold out, bool [rows].

    Rows that share an entry of `families` go to the same side; without it each row stands alone.
    Families are visited in a seeded random order and held out whole while they fit what each label may still give.
    """
    wanted = share_of_each_label(labels, count)
    held_out = np.zeros(len(labels), dtype=bool)
    rows_of: dict[Hashable, list[int]] = defaultdict(list)
    for row in range(len(labels)):
        rows_of[row if families is None else families[row]].append(row)
    groups = list(rows_of.values())
    for position in np.random.default_rng(seed).permutation(len(groups)):
        group = groups[position]
        needed = Counter(labels[row] for row in group)
        if all(wanted[label] >= number for label, number in needed.items()):
            wanted -= needed
            held_out[group] = True
    if held_out.sum() != count:
        raise ValueError(f"families of this size leave only {held_out.sum()} of {count} rows to hold out")
    return held_out


def share_of_each_label(labels: Sequence[int], count: int) -> Counter[int]:
    """`count` divided as the labels are, by largest remainder."""
    totals = Counter(labels)
    exact = {label: count * total / len(labels) for label, total in totals.items()}
    shares = Counter({label: int(value) for label, value in exact.items()})
    by_remainder = sorted(exact, key=lambda label: (shares[label] - exact[label], label))
    for label in by_remainder[: count - shares.total()]:
        shares[label] += 1
    return shares
