"""Trains `digits` and writes models/digits/1 and examples/digits. Run: python training/digits/train.py"""

import base64
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"  # exports to ONNX without tf2onnx
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "training"))

import keras
import numpy as np
import onnx
import onnxruntime
import torch

import manifest
import onnx_file
import packages
from digits import images
from splitting import hold_out

SEED = 20261123
HELD_OUT = 1000
EPOCHS = 5
BATCH = 32
MAX_INPUTS = 256
EXAMPLES_OF_EACH_LABEL = 10
MODEL = REPOSITORY / "models" / "digits" / "1" / "model.onnx"
EXAMPLES = REPOSITORY / "examples" / "digits"


def main() -> None:
    keras.utils.set_random_seed(SEED)
    torch.set_num_threads(1)  # the order of sums, and so the file, must not depend on the number of cores
    pictures, labels = images.load(packages.fetch(images.PACKAGE))
    held_out = hold_out(labels.tolist(), HELD_OUT, SEED)

    started = time.monotonic()
    network = train(images.to_pixels(pictures[~held_out]), labels[~held_out])
    print(f"trained in {time.monotonic() - started:.1f} s")

    export(network)
    session = onnx_file.open_session(MODEL)
    probabilities = answer(session, images.to_pixels(pictures[held_out]))
    result = manifest.held_out_result(labels[held_out], probabilities.argmax(axis=1), classes=10)
    check_batching(session, images.to_pixels(pictures[held_out]), probabilities)

    examples = first_of_each_label(np.flatnonzero(held_out), labels, EXAMPLES_OF_EACH_LABEL)
    manifest.write_manifest(MODEL, describe(session, pictures, labels, held_out, examples, result))
    write_examples(pictures, labels, examples)
    right = (answer(session, images.to_pixels(pictures[examples])).argmax(axis=1) == labels[examples]).sum()
    print(f"held out: {result['accuracy']:.3f} of {result['count']}; examples: {right} of {len(examples)} right")
    print(np.array(result["confusion"]))


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((images.SIDE * images.SIDE,), name="pixels"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def train(pixels: np.ndarray, labels: np.ndarray) -> keras.Model:
    """`pixels` float32 [rows, 784], `labels` int64 [rows]."""
    network = build()
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(pixels, labels, epochs=EPOCHS, batch_size=BATCH, verbose=2)
    return network


def export(network: keras.Model) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # Keras asks the tensor for its fixed sizes
        path = os.path.join(folder, "exported.onnx")
        network.export(path, format="onnx", verbose=False)
        exported = onnx.load(path)
    onnx_file.write_served_model(exported, MODEL, outputs={exported.graph.output[0].name: "probabilities"})


def answer(session: onnxruntime.InferenceSession, pixels: np.ndarray) -> np.ndarray:
    """float32 [rows, 784] to probabilities float32 [rows, 10], in batches as the gateway runs them."""
    batches = [pixels[i : i + MAX_INPUTS] for i in range(0, len(pixels), MAX_INPUTS)]
    return np.concatenate([session.run(["probabilities"], {"pixels": batch})[0] for batch in batches])


def check_batching(session: onnxruntime.InferenceSession, pixels: np.ndarray, in_batches: np.ndarray) -> None:
    """Batching changes no answer: each row alone gives the same bits as in its batch."""
    alone = np.concatenate([session.run(["probabilities"], {"pixels": row[None]})[0] for row in pixels])
    differing = int((alone != in_batches).any(axis=1).sum())
    if differing:
        raise SystemExit(f"{differing} of {len(pixels)} answers change with the batch that carries them.")


def first_of_each_label(rows: np.ndarray, labels: np.ndarray, count: int) -> list[int]:
    """The first `count` rows of each label in order, whether the network gets them right or not."""
    return [int(row) for label in range(10) for row in rows[labels[rows] == label][:count]]


def write_examples(pictures: np.ndarray, labels: np.ndarray, rows: list[int]) -> None:
    EXAMPLES.mkdir(parents=True, exist_ok=True)
    for old in EXAMPLES.glob("*.png"):
        old.unlink()
    for number, row in enumerate(rows):
        (EXAMPLES / f"{number:02d}-{labels[row]}.png").write_bytes(images.to_png(pictures[row]))


def describe(
    session: onnxruntime.InferenceSession,
    pictures: np.ndarray,
    labels: np.ndarray,
    held_out: np.ndarray,
    examples: list[int],
    result: dict[str, Any],
) -> dict[str, Any]:
    """The manifest; its golden samples are the first example of each digit."""
    return {
        "name": "digits",
        "version": 1,
        "task": "IMAGE_CLASSIFICATION",
        "description": "Reads one handwritten digit, white on black, from an image of 28 by 28 pixels. "
        "A Keras network of three dense layers, trained on 9,000 MNIST digits.",
        "signature": {
            "inputs": [{"name": "pixels", "dtype": "float32", "shape": ["batch", 784], "range": [0, 1]}],
            "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["batch", 10]}],
        },
        "preprocessing": {
            "kind": "image",
            "recipe": 1,
            "width": images.SIDE,
            "height": images.SIDE,
            "channels": 1,
            "scale": images.SCALE,
            "tensor": "pixels",
        },
        "output": {"tensor": "probabilities", "semantics": "PROBABILITIES"},
        "labels": [str(label) for label in range(10)],
        "batching": {"maxInputs": MAX_INPUTS, "padding": "NONE"},
        "golden": {
            "tolerance": 1e-5,
            "samples": [golden(session, pictures[row]) for row in examples[::EXAMPLES_OF_EACH_LABEL]],
        },
        "training": {
            "data": {
                "package": images.PACKAGE.name,
                "version": images.PACKAGE.version,
                "integrity": images.PACKAGE.integrity,
                "rows": len(labels),
                "exactDuplicates": len(labels) - len({picture.tobytes() for picture in pictures}),
            },
            "split": {
                "seed": SEED,
                "trained": int((~held_out).sum()),
                "heldOut": int(held_out.sum()),
                "how": "random, the same share of every label",
            },
            "seed": SEED,
            "epochs": EPOCHS,
            "batch": BATCH,
            "optimizer": "adam",
            "loss": "sparse_categorical_crossentropy",
            "packages": manifest.package_versions(["keras", "numpy", "onnx", "onnxruntime", "onnxscript", "torch"]),
            "heldOut": result,
        },
    }


def golden(session: onnxruntime.InferenceSession, picture: np.ndarray) -> dict[str, Any]:
    """`label` is what the model answers, which is what a gateway must reproduce."""
    pixels = images.to_pixels(picture[None])
    probabilities = session.run(["probabilities"], {"pixels": pixels})[0]
    given = {"image": base64.b64encode(images.to_png(picture)).decode("ascii")}
    return manifest.golden_sample(
        given, {"pixels": pixels}, {"probabilities": probabilities}, label=str(probabilities[0].argmax())
    )


if __name__ == "__main__":
    main()
