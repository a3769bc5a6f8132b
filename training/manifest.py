"""The manifest beside each model: all a gateway needs to serve the file, and all a reader needs to judge it."""

import base64
import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

Tensors = Mapping[str, np.ndarray]

KEYS = """
    manifestVersion name version task description sha256 signature preprocessing output attention labels batching golden
    training
""".split()


def write_manifest(model: Path, manifest: dict[str, Any]) -> None:
    """Write `manifest` as `manifest.json` beside `model`, with the digest of the model as it lies there."""
    complete = {"manifestVersion": 1, "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), **manifest}
    if not set(complete) - {"attention"} == set(KEYS) - {"attention"}:
        raise ValueError(f"a manifest has the keys {KEYS}, got {sorted(complete)}")
    ordered = {key: complete[key] for key in KEYS if key in complete}
    model.with_name("manifest.json").write_text(readable_json(ordered) + "\n", encoding="utf-8")


def golden_sample(given: dict[str, str], tensors: Tensors, outputs: Tensors, label: str) -> dict[str, Any]:
    """One input with the tensors it must become and the outputs that the model must give."""
    return {
        "input": given,
        "tensors": {name: tensor_json(value) for name, value in tensors.items()},
        "outputs": {name: tensor_json(value) for name, value in outputs.items()},
        "label": label,
    }


def tensor_json(tensor: np.ndarray) -> dict[str, Any]:
    """dtype, shape, and the values row by row as base64 of little-endian bytes."""
    little_endian = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
    return {
        "dtype": tensor.dtype.name,
        "shape": list(tensor.shape),
        "data": base64.b64encode(little_endian.tobytes()).decode("ascii"),
    }


def held_out_result(expected: np.ndarray, answered: np.ndarray, classes: int) -> dict[str, Any]:
    """`confusion[i][j]`: inputs whose label is `i` and whose answer is `j`."""
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (expected, answered), 1)
    return {
        "count": len(expected),
        "accuracy": round(float(np.mean(expected == answered)), 6),
        "confusion": confusion.tolist(),
    }


def package_versions(names: Sequence[str]) -> dict[str, str]:
    """Public versions (without a build's local suffix) of what trained the model, and of Python."""
    return {name: version(name).split("+")[0] for name in names} | {"python": platform.python_version()}


def readable_json(value: Any, indent: str = "") -> str:
    """Like `json.dumps(indent=2)`, but a list of plain values stays on one line."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = [f"{inner}{json.dumps(key)}: {readable_json(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        lines = [inner + readable_json(item, inner) for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
