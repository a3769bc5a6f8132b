"""The exported mail model: writing it, asking it as the gateway does, and proving that its answers stand alone."""

import logging
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import onnx_file
from mail.fitting import Rows
from mail.tokens import pad


def export(
    model: torch.nn.Module, path: Path, outputs: Sequence[str] = ("logits",), of_each_token: Sequence[str] = ()
) -> None:
    """`model` takes token_ids and lengths, and gives `outputs` in this order; those `of_each_token` are as wide as it."""
    example = (torch.ones(2, 3, dtype=torch.int64), torch.tensor([3, 2]))
    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the exporter, and its note on the LSTM's weights
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # that torchvision is absent
        exported = os.path.join(folder, "exported.onnx")
        torch.onnx.export(
            model,
            example,
            exported,
            dynamo=True,
            dynamic_shapes={"token_ids": {0: batch, 1: sequence}, "lengths": {0: batch}},
            input_names=["token_ids", "lengths"],
            output_names=list(outputs),
            external_data=False,
            verbose=False,
        )
        proto = onnx.load(exported)
    names = {value.name: name for value, name in zip(proto.graph.output, outputs, strict=True)}
    onnx_file.write_served_model(proto, path, outputs=names, varying={name: (1, "sequence") for name in of_each_token})


def answer(session: onnxruntime.InferenceSession, rows: Rows, width: int | None = None) -> np.ndarray:
    """Logits float32 [rows, 2] of one batch, padded to its longest row or to `width`."""
    token_ids, lengths = pad(rows, width)
    return session.run(["logits"], {"token_ids": token_ids, "lengths": lengths})[0]


def answer_all(session: onnxruntime.InferenceSession, rows: Rows, size: int) -> np.ndarray:
    """Logits float32 [rows, 2], in batches of `size` in the order given."""
    return np.concatenate([answer(session, rows[i : i + size]) for i in range(0, len(rows), size)])


def check_independence(session: onnxruntime.InferenceSession, rows: Rows, in_batches: np.ndarray, widest: int) -> None:
    """Neither its neighbours nor its padding change one bit of an answer."""
    alone = np.concatenate([answer(session, [row]) for row in rows])
    padded = np.concatenate([answer(session, [row], widest) for row in rows])
    for what, answers in (("the batch that carries them", in_batches), ("their padding", padded)):
        differing = int((alone != answers).any(axis=1).sum())
        if differing:
            raise SystemExit(f"{differing} of {len(rows)} answers change with {what}.")


def weights_of(
    session: onnxruntime.InferenceSession, rows: Rows, output: str, width: int | None = None
) -> list[np.ndarray]:
    """What an output says of each token: float32 [tokens, …] for each row of one batch, without its padding."""
    token_ids, lengths = pad(rows, width)
    values = session.run([output], {"token_ids": token_ids, "lengths": lengths})[0]
    return [value[:length] for value, length in zip(values, lengths, strict=True)]


def check_tokens_independence(
    session: onnxruntime.InferenceSession, rows: Rows, output: str, batch: int, widest: int
) -> None:
    """The same, for an output with a value for each token."""
    alone = [weights_of(session, [row], output)[0] for row in rows]
    padded = [weights_of(session, [row], output, widest)[0] for row in rows]
    batches = [rows[i : i + batch] for i in range(0, len(rows), batch)]
    together = [values for group in batches for values in weights_of(session, group, output)]
    for what, answers in (("the batch that carries them", together), ("their padding", padded)):
        differing = sum(not np.array_equal(one, other) for one, other in zip(alone, answers, strict=True))
        if differing:
            raise SystemExit(f"`{output}` of {differing} of {len(rows)} texts changes with {what}.")
