"""Trains `tags` and writes models/tags/2 and examples/tags. Run: python training/tags/train.py"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "training"))

import numpy as np
import onnxruntime

import manifest
import onnx_file
from mail import serving
from mail.dataset import Split, pick
from mail.reading import read as read_mails
from mail.reading import repeatably
from tags import dataset, measuring, reading, rules, words
from tags.fitting import Fitting, fit
from tags.given_names import GIVEN_NAMES
from tags.names import Names
from tags.network import TokenTagger

SEED = 20261124
HELD_OUT = 800
VALIDATION = 300
VOCABULARY = 6000
LEAST_TEXTS = 5
MAX_TOKENS = 256
EMBEDDING = 48
HIDDEN = 128
LOOK_AHEAD = 4
DROPOUT = 0.2
FITTING = Fitting(
    epochs=6,
    batch=32,
    learning_rate=3e-3,
    forgotten_words=0.1,
    forgotten_names=0.3,
    planted_names=0.01,
    changed_names=0.5,
    seed=SEED,
)
MAX_INPUTS = 32
GOLDEN = 6
MODEL = REPOSITORY / "models" / "tags" / "2" / "model.onnx"
EXAMPLES = REPOSITORY / "examples" / "tags"


@dataclass(frozen=True)
class Corpus:
    """Runs of labelled words by mail, and which mail is for what."""

    runs: list[list[dataset.Run]]
    split: Split
    vocabulary: list[str]
    facts: dict[str, Any]


def main() -> None:
    repeatably(SEED)
    read = prepare()
    best_epoch = train(read)
    finish(read, best_epoch)


def prepare() -> Corpus:
    mails = read_mails(HELD_OUT, VALIDATION, SEED)
    split = mails.split
    texts = [dataset.text_of(mail) for mail in mails.mails]
    names = Names(mails.every, texts)
    runs = [dataset.runs_of(text, names, MAX_TOKENS) for text in texts]
    training = [run for mail in pick(runs, split.training) for run in mail]
    frequent = words.choose_vocabulary(
        dataset.words_of_vocabulary(training), VOCABULARY, LEAST_TEXTS, left_out=names.family_words()
    )
    known = words.with_names(frequent, GIVEN_NAMES)
    print(f"{len(texts)} mails; {len(training)} runs to train on; a vocabulary of {len(known)} words", flush=True)
    return Corpus(runs, split, known, mails.facts)


def train(read: Corpus) -> int:
    started = time.monotonic()
    encoder = words.Encoder(read.vocabulary)
    training, validation = (
        dataset.to_examples([run for mail in pick(read.runs, mask) for run in mail], encoder)
        for mask in (read.split.training, read.split.validation)
    )
    ids = words.FIRST_ID + len(read.vocabulary)
    model = TokenTagger(ids, EMBEDDING, HIDDEN, len(rules.LABELS), LOOK_AHEAD, DROPOUT)
    best_epoch = fit(model, training, validation, FITTING)
    print(f"trained in {time.monotonic() - started:.0f} s; kept epoch {best_epoch}", flush=True)
    serving.export(model, MODEL, ["logits"], of_each_token=["logits"])
    return best_epoch


def finish(read: Corpus, best_epoch: int) -> None:
    """Measures the exported file, and writes what lies beside it."""
    session = onnx_file.open_session(MODEL)
    encoder = words.Encoder(read.vocabulary)
    held_out = [run for mail in pick(read.runs, read.split.held_out) for run in mail]
    rows = [encoder.encode(run.words) for run in held_out]
    serving.check_tokens_independence(session, rows[:400], "logits", MAX_INPUTS, MAX_TOKENS)
    serving.check_tokens_independence(session, [row[:1] for row in rows[:40]], "logits", MAX_INPUTS, MAX_TOKENS)
    against_rules = measuring.measure([run.labels for run in held_out], [tag(session, row) for row in rows])
    print("held out, against the rules:", measuring.table(against_rules), sep="\n")
    passages = reading.load()
    against_reader = measuring.measure(
        [passage.labels for passage in passages],
        [tag(session, encoder.encode(passage.words)) for passage in passages],
    )
    print("held out, against a reader:", measuring.table(against_reader), sep="\n")
    reading.write_examples(passages, EXAMPLES)
    facts = {
        **read.facts,
        **describe_fitting(best_epoch),
        "packages": manifest.package_versions(["numpy", "onnx", "onnxruntime", "onnxscript", "torch"]),
        "heldOut": {"againstRules": against_rules, "againstReader": against_reader},
    }
    golden = [golden_sample(session, encoder, passage.text) for passage in passages[:GOLDEN]]
    manifest.write_manifest(MODEL, describe(read.vocabulary, golden, facts))


def tag(session: onnxruntime.InferenceSession, row: list[int]) -> list[str]:
    return [rules.LABELS[best] for best in serving.weights_of(session, [row], "logits")[0].argmax(axis=1)]


def golden_sample(session: onnxruntime.InferenceSession, encoder: words.Encoder, text: str) -> dict[str, Any]:
    row = encoder.encode(words.split(text))[:MAX_TOKENS]
    tensors = {"token_ids": np.array([row], dtype=np.int64), "lengths": np.array([len(row)], dtype=np.int64)}
    logits = session.run(["logits"], tensors)[0]
    label = rules.LABELS[logits[0, 0].argmax()]
    return manifest.golden_sample({"text": text}, tensors, {"logits": logits}, label=label)


def describe(vocabulary: list[str], golden: list[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    last_id = words.FIRST_ID + len(vocabulary) - 1
    return {
        "name": "tags",
        "version": 2,
        "task": "TOKEN_CLASSIFICATION",
        "description": "Finds e-mail addresses, links, dates, amounts and people in a mail, word by word. "
        "A PyTorch LSTM, trained on English mails of 2002 from the SpamAssassin public corpus, labelled by rules.",
        "signature": {
            "inputs": [
                {"name": "token_ids", "dtype": "int64", "shape": ["batch", "sequence"], "range": [0, last_id]},
                {"name": "lengths", "dtype": "int64", "shape": ["batch"], "range": [1, MAX_TOKENS]},
            ],
            "outputs": [{"name": "logits", "dtype": "float32", "shape": ["batch", "sequence", len(rules.LABELS)]}],
        },
        "preprocessing": {
            "kind": "text",
            "recipe": 3,
            "pattern": words.PATTERN,
            "maxTokens": MAX_TOKENS,
            "unknownId": words.UNKNOWN_ID,
            "paddingId": words.PADDING_ID,
            "shapes": [
                {"pattern": shape, "id": words.UNKNOWN_ID + 1 + i} for i, shape in enumerate(words.SHAPES)
            ],
            "tensor": "token_ids",
            "lengths": "lengths",
            "vocabulary": {"firstId": words.FIRST_ID, "words": vocabulary},
        },
        "output": {"tensor": "logits", "semantics": "LOGITS"},
        "labels": rules.LABELS,
        "batching": {"maxInputs": MAX_INPUTS, "padding": "LENGTHS"},
        "golden": {"tolerance": 1e-4, "samples": golden},
        "training": facts,
    }


def describe_fitting(best_epoch: int) -> dict[str, Any]:
    return {
        "seed": SEED,
        "epochs": FITTING.epochs,
        "keptEpoch": best_epoch,
        "optimizer": "adam, one cycle, gradients clipped to norm 1",
        "loss": "cross-entropy of each word",
        "batch": FITTING.batch,
        "learningRate": FITTING.learning_rate,
        "dropout": DROPOUT,
        "forgottenWords": FITTING.forgotten_words,
        "forgottenNames": FITTING.forgotten_names,
        "changedNames": FITTING.changed_names,
        "plantedNames": FITTING.planted_names,
        "embedding": EMBEDDING,
        "lookAhead": LOOK_AHEAD,
        "hidden": HIDDEN,
    }


if __name__ == "__main__":
    main()
