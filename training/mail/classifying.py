"""Makes a classifier of mails: trains it, exports it, proves it, measures it, and writes what lies beside it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnxruntime

import manifest
import onnx_file
from mail import corpus, examples, serving, tokens
from mail.dataset import pick
from mail.fitting import Classifier, Examples, Fitting, fit
from mail.reading import Mails, read, repeatably

SEED = 20261123
HELD_OUT = 1000
VALIDATION = 500
VOCABULARY = 8000
LEAST_TEXTS = 3
MAX_TOKENS = 256
EMBEDDING = 64
HIDDEN = 128
DROPOUT = 0.3
MAX_INPUTS = 32
MODELS = Path(__file__).resolve().parents[2] / "models"


@dataclass(frozen=True)
class Wanted:
    """What tells one classifier from another; the mails, the words and the split are the same for all."""

    name: str
    description: str
    epochs: int
    network: Callable[[int], Classifier]  # for so many token ids
    of_each_token: Sequence[str] = ()  # outputs beside the logits that have a value for each token
    facts: dict[str, Any] = field(default_factory=dict)  # of the network, for the manifest
    manifest: dict[str, Any] = field(default_factory=dict)  # what the manifest says more

    @property
    def outputs(self) -> list[str]:
        return ["logits", *self.of_each_token]

    @property
    def model(self) -> Path:
        return MODELS / self.name / "1" / "model.onnx"

    @property
    def fitting(self) -> Fitting:
        return Fitting(
            epochs=self.epochs,
            batch=64,
            learning_rate=2e-3,
            forgotten_tokens=0.1,
            prefix_weight=0.5,
            average_decay=0.98,
            seed=SEED,
        )


@dataclass(frozen=True)
class Made:
    """`examples` are held-out mails to show."""

    examples: list[corpus.Mail]
    encoder: tokens.Encoder
    session: onnxruntime.InferenceSession


def make(wanted: Wanted) -> Made:
    repeatably(SEED)
    mails = read(HELD_OUT, VALIDATION, SEED)
    vocabulary = tokens.choose_vocabulary(pick(mails.words, mails.split.training), VOCABULARY, LEAST_TEXTS)
    encoder = tokens.Encoder(vocabulary, MAX_TOKENS)
    rows = [encoder.encode(text) for text in mails.words]
    families = len(set(mails.family))
    print(f"{len(rows)} mails in {families} families; a vocabulary of {len(vocabulary)} words", flush=True)
    best_epoch = train(wanted, mails, rows, tokens.FIRST_ID + len(vocabulary))
    session = onnx_file.open_session(wanted.model)
    held_out = measure(wanted, session, mails, rows)

    split = mails.split
    family = pick(mails.family, split.held_out)
    chosen = examples.choose(pick(mails.mails, split.held_out), family, examples.names_in(mails.every))
    golden = [golden_sample(wanted, session, encoder, text) for text in examples.golden_texts(chosen, MAX_TOKENS)]
    facts = {
        **mails.facts,
        **describe_fitting(wanted, best_epoch),
        "packages": manifest.package_versions(["numpy", "onnx", "onnxruntime", "onnxscript", "torch"]),
        "heldOut": held_out,
    }
    manifest.write_manifest(wanted.model, describe(wanted, vocabulary, golden, facts))
    return Made(chosen, encoder, session)


def train(wanted: Wanted, mails: Mails, rows: Sequence[Sequence[int]], token_ids: int) -> int:
    """Writes the graph of the best epoch, and returns which that was."""
    started = time.monotonic()
    model = wanted.network(token_ids)
    training, validation = (
        Examples(pick(rows, mask), mails.labels[mask]) for mask in (mails.split.training, mails.split.validation)
    )
    best_epoch = fit(model, training, validation, wanted.fitting)
    print(f"trained in {time.monotonic() - started:.0f} s; kept epoch {best_epoch}", flush=True)
    serving.export(model, wanted.model, wanted.outputs, of_each_token=wanted.of_each_token)
    return best_epoch


def measure(
    wanted: Wanted, session: onnxruntime.InferenceSession, mails: Mails, rows: Sequence[Sequence[int]]
) -> dict[str, Any]:
    """What the exported file says of the held-out mails, once it is proved that each answer stands alone."""
    mask = mails.split.held_out
    held_out = pick(rows, mask)
    logits = serving.answer_all(session, held_out, MAX_INPUTS)
    serving.check_independence(session, held_out, logits, MAX_TOKENS)
    for output in wanted.of_each_token:
        serving.check_tokens_independence(session, held_out, output, MAX_INPUTS, MAX_TOKENS)
    result = manifest.held_out_result(mails.labels[mask], logits.argmax(axis=1), len(corpus.LABELS))
    print(f"held out: {result['accuracy']:.3f} of {result['count']}, confusion {result['confusion']}", flush=True)
    return result


def golden_sample(
    wanted: Wanted, session: onnxruntime.InferenceSession, encoder: tokens.Encoder, text: str
) -> dict[str, Any]:
    token_ids, lengths = tokens.pad([encoder.encode(tokens.split(text))])
    tensors = {"token_ids": token_ids, "lengths": lengths}
    answers = dict(zip(wanted.outputs, session.run(wanted.outputs, tensors), strict=True))
    label = corpus.LABELS[answers["logits"][0].argmax()]
    return manifest.golden_sample({"text": text}, tensors, answers, label=label)


def describe(
    wanted: Wanted, vocabulary: list[str], golden: list[dict[str, Any]], facts: dict[str, Any]
) -> dict[str, Any]:
    last_id = tokens.FIRST_ID + len(vocabulary) - 1
    return {
        "name": wanted.name,
        "version": 1,
        "task": "TEXT_CLASSIFICATION",
        "description": wanted.description,
        "signature": {
            "inputs": [
                {"name": "token_ids", "dtype": "int64", "shape": ["batch", "sequence"], "range": [0, last_id]},
                {"name": "lengths", "dtype": "int64", "shape": ["batch"], "range": [1, MAX_TOKENS]},
            ],
            "outputs": [
                {"name": "logits", "dtype": "float32", "shape": ["batch", len(corpus.LABELS)]},
                *({"name": name, "dtype": "float32", "shape": ["batch", "sequence"]} for name in wanted.of_each_token),
            ],
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
        **wanted.manifest,
    }


def describe_fitting(wanted: Wanted, best_epoch: int) -> dict[str, Any]:
    fitting = wanted.fitting
    return {
        "seed": SEED,
        "epochs": fitting.epochs,
        "keptEpoch": best_epoch,
        "optimizer": "adam, one cycle, gradients clipped to norm 1",
        "loss": "cross-entropy",
        "batch": fitting.batch,
        "learningRate": fitting.learning_rate,
        "dropout": DROPOUT,
        "forgottenTokens": fitting.forgotten_tokens,
        "prefixWeight": fitting.prefix_weight,
        "averageDecay": fitting.average_decay,
        "embedding": EMBEDDING,
        "hidden": HIDDEN,
        **wanted.facts,
    }
