"""A digit survives the way from the package to a PNG file and to the network's input."""

import io
import json
import unittest

import numpy as np
from PIL import Image

from digits.images import grey_levels, to_pixels, to_png


class Images(unittest.TestCase):
    levels = np.arange(784).reshape(1, 28, 28) % 256

    def test_rounded_values_give_back_their_grey_levels(self) -> None:
        file = json.dumps({"data": np.round(self.levels.ravel() / 255, 3).tolist()}).encode()
        self.assertTrue((grey_levels(file) == self.levels).all())

    def test_values_that_are_no_grey_levels_are_refused(self) -> None:
        with self.assertRaises(SystemExit):
            grey_levels(json.dumps({"data": [0.002] * 784}).encode())

    def test_a_png_decodes_to_exactly_its_pixels(self) -> None:
        image = self.levels[0].astype(np.uint8)
        with Image.open(io.BytesIO(to_png(image))) as file:
            self.assertEqual((file.mode, file.size), ("L", (28, 28)))
            self.assertTrue((np.asarray(file) == image).all())

    def test_pixels_are_flat_and_between_zero_and_one(self) -> None:
        pixels = to_pixels(self.levels.astype(np.uint8))
        self.assertEqual((pixels.shape, pixels.dtype), ((1, 784), np.float32))
        self.assertEqual((pixels.min(), pixels.max()), (0, 1))


if __name__ == "__main__":
    unittest.main()
