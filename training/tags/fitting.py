"""Fits a TokenTagger to labelled texts and keeps the epoch that judged the validation texts best."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mail.fitting import shuffled_batches
from mail.tokens import pad
from tags.network import TokenTagger
from tags.rules import LABELS
from tags.words import shape_id

PERSON = LABELS.index("person")
NOBODY = LABELS.index("none")
IGNORED = -100  # the label of padding, which cross-entropy passes over


@dataclass(frozen=True)
class Fitting:
    epochs: int
    batch: int
    learning_rate: float
    forgotten_words: float  # share of the words of a training text that are known by their shape only, anew each time
    forgotten_names: float  # the same of the words that name a person: most names will be strange ones
    planted_names: float  # share of the words of running text where a name is laid, with or without a family's, anew each time
    changed_names: float  # share of the names of people whose first word is made another given name, anew each time
    seed: int


@dataclass(frozen=True)
class Examples:
    """Of each text: token ids, the ids of the same words' shapes, labels as numbers; all of one length."""

    rows: Sequence[Sequence[int]]
    shapes: Sequence[Sequence[int]]
    labels: Sequence[Sequence[int]]
    given_names: Sequence[int]  # the ids of all given names that there are


def fit(model: TokenTagger, training: Examples, validation: Examples, fitting: Fitting) -> int:
    """Leaves the best epoch's weights in `model`; the number of that epoch, counted from 1."""
    chance = np.random.default_rng(fitting.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=fitting.learning_rate)
    steps = fitting.epochs * -(-len(training.rows) // fitting.batch)
    # Batches end where a pool of like lengths ends, so there may be a few more of them.
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, fitting.learning_rate, total_steps=steps + 20 * fitting.epochs, pct_start=0.1
    )
    best_loss, best_epoch, best_weights = float("inf"), 0, {}
    for epoch in range(1, fitting.epochs + 1):
        started = time.monotonic()
        model.train()
        for batch in shuffled_batches(training.rows, fitting.batch, chance):
            token_ids, lengths, labels = arrays(training, batch, fitting, chance)
            loss = loss_of(model, token_ids, lengths, labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        validation_loss = evaluate(model, validation)
        print(f"epoch {epoch}: validation loss {validation_loss:.4f}, {time.monotonic() - started:.1f} s", flush=True)
        if validation_loss < best_loss:
            best_loss, best_epoch = validation_loss, epoch
            best_weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.load_state_dict(best_weights)
    model.eval()
    return best_epoch


def arrays(
    examples: Examples, batch: Sequence[int], fitting: Fitting | None, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    token_ids, lengths = pad([examples.rows[i] for i in batch])
    shapes, _ = pad([examples.shapes[i] for i in batch])
    labels = np.full(token_ids.shape, IGNORED, dtype=np.int64)
    for row, i in enumerate(batch):
        labels[row, : lengths[row]] = examples.labels[i]
    if fitting is None:
        return token_ids, lengths, labels
    token_ids = change_names(token_ids, labels, examples.given_names, fitting.changed_names, chance)
    token_ids, labels = plant_names(token_ids, labels, examples.given_names, fitting.planted_names, chance)
    forgotten = np.where(labels == PERSON, fitting.forgotten_names, fitting.forgotten_words)
    return np.where(chance.random(token_ids.shape) < forgotten, shapes, token_ids), lengths, labels


def change_names(
    token_ids: np.ndarray, labels: np.ndarray, names: Sequence[int], share: float, chance: np.random.Generator
) -> np.ndarray:
    """Whoever is named may as well be called something else: so every given name is learnt, not only the corpus's own."""
    is_person = labels == PERSON
    is_first = is_person.copy()
    is_first[:, 1:] &= ~is_person[:, :-1]
    others = chance.choice(np.asarray(names), size=token_ids.shape)
    return np.where(is_first & (chance.random(token_ids.shape) < share), others, token_ids)


def plant_names(
    token_ids: np.ndarray, labels: np.ndarray, names: Sequence[int], share: float, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Lays names where nobody was named: a given name is one in any company, not only where mails say who wrote."""
    is_free = labels == NOBODY
    is_given = is_free & (chance.random(token_ids.shape) < share)
    is_given[:, 1:] &= ~is_given[:, :-1]
    is_family = np.zeros_like(is_given)
    is_family[:, 1:] = is_given[:, :-1] & is_free[:, 1:] & (chance.random(is_given[:, 1:].shape) < 0.5)
    planted = np.where(is_given, chance.choice(np.asarray(names), size=token_ids.shape), token_ids)
    planted = np.where(is_family, shape_id("Capital"), planted)
    return planted, np.where(is_given | is_family, PERSON, labels)


def loss_of(model: TokenTagger, token_ids: np.ndarray, lengths: np.ndarray, labels: np.ndarray) -> torch.Tensor:
    logits = model(torch.from_numpy(token_ids), torch.from_numpy(lengths))
    return nn.functional.cross_entropy(logits.transpose(1, 2), torch.from_numpy(labels), ignore_index=IGNORED)


@torch.no_grad()
def evaluate(model: TokenTagger, examples: Examples, size: int = 64) -> float:
    """Mean cross-entropy over batches of texts of like length."""
    model.eval()
    chance = np.random.default_rng(0)
    order = sorted(range(len(examples.rows)), key=lambda row: len(examples.rows[row]))
    losses = []
    for i in range(0, len(order), size):
        token_ids, lengths, labels = arrays(examples, order[i : i + size], None, chance)
        losses.append(loss_of(model, token_ids, lengths, labels).item())
    return sum(losses) / len(losses)
