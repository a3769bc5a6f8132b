"""The passages that were tagged by a reader, word for word, to check both the rules and the model.

`read.txt` holds passages of held-out mails, parted by lines of `====`; `[person:Alex Example]` is a find. Addresses,
links and people in them are invented.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tags.rules import LABELS
from tags.words import Word, split

READ = Path(__file__).with_name("read.txt")
SEPARATOR = "\n====\n"
FIND = re.compile(r"\[(" + "|".join(LABELS[1:]) + r"):([^\[\]]+)\]")
EXAMPLES = 12


@dataclass(frozen=True)
class Passage:
    text: str
    words: list[Word]
    labels: list[str]


def load(file: Path = READ) -> list[Passage]:
    return [parse(marked) for marked in file.read_text(encoding="utf-8").strip("\n").split(SEPARATOR)]


def parse(marked: str) -> Passage:
    text, finds, read = "", [], 0
    for match in FIND.finditer(marked):
        text += marked[read : match.start()]
        finds.append((len(text), len(text) + len(match.group(2)), match.group(1)))
        text += match.group(2)
        read = match.end()
    text += marked[read:]
    words = split(text)
    return Passage(text, words, [label_of(word, finds) for word in words])


def label_of(word: Word, finds: list[tuple[int, int, str]]) -> str:
    return next((label for start, end, label in finds if start <= word.start and word.end <= end), "none")


def write_examples(passages: list[Passage], folder: Path) -> None:
    """`<nn>.txt`: a passage exactly as the model takes it as `text`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for number, passage in enumerate(passages[:EXAMPLES]):
        (folder / f"{number:02d}.txt").write_text(passage.text, encoding="utf-8", newline="\n")
