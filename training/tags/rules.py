"""What the tags of a text are, by rules that a reader would follow: these are what the model learns from.

The rules see the whole text and lists of names; the model sees neither, only words in their order. It can therefore find
what no rule names, and it is checked against both the rules and a reader (`tags/reading.py`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from tags.names import Names
from tags.words import Word

LABELS = ["none", "email", "url", "date", "amount", "person"]

EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
URL = re.compile(
    r"(?<![A-Za-z])(?:https?|ftp)://[^\s<>\"'()\[\]{}|\\^`]+"
    r"|(?<![\w.@/-])www\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[^\s<>\"'()\[\]{}|\\^`]*)?",
    re.I,
)
URL_END = ".,;:!?*_-~="

DAY = r"(?:Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)(?:day|sday|nesday|rsday|urday)?"
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
YEAR = r"(?:19[5-9]\d|20[0-4]\d)"
IN_MONTH = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
TIME = (
    r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\b\.?)?(?:\s?[+-]\d{2}:?\d{2}\b|\s?\(?(?:GMT|UTC|[ECMP][SD]T)\b\)?)*"
    r"|\d{1,2}\s?[AaPp][Mm]\b)"
)
# The calendar date, then perhaps the time, or the time alone.
DATE = re.compile(
    rf"(?<![\w/.-])(?:"
    rf"(?:{DAY}\b\.?,?\s+)?(?:the\s+)?{IN_MONTH}(?:\s+of)?[\s-]{MONTH}\b\.?(?:,?[\s-]{YEAR})?(?:,?\s+(?:at\s+)?{TIME})?"
    rf"|(?:{DAY}\b\.?,?\s+)?{MONTH}\b\.?\s+{IN_MONTH}\b(?:,?\s+{TIME})?(?:,?\s+{YEAR})?(?:,?\s+(?:at\s+)?{TIME})?"
    rf"|{MONTH}\b\.?,?\s+{YEAR}"
    rf"|(?:{DAY}\b\.?,?\s+)?{YEAR}[-/](?:0?[1-9]|1[0-2])[-/](?:0?[1-9]|[12]\d|3[01])(?:(?:T|,?\s+(?:at\s+)?){TIME})?"
    rf"|(?:0?[1-9]|[12]\d|3[01])(?:[-/](?:0?[1-9]|[12]\d|3[01])[-/](?:{YEAR}|\d\d)|\.(?:0?[1-9]|[12]\d|3[01])\.{YEAR})(?:,?\s+{TIME})?"
    rf"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
    rf"|(?:January|February|April|June|July|August|September|October|November|December)"
    rf"|{TIME}"
    rf"|{YEAR}"
    rf")(?![\w@])(?!\.\d)"
)
UNIT = r"(?:million|billion|thousand|percent|dollars?|euros?|pounds|cents?)"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
AMOUNT = re.compile(
    rf"(?:(?:US|CA|AU)?[$£€]|\b(?:USD|EUR|GBP)\s)\s?{NUMBER}(?:(?:[KkMBm]|bn)\b|\s?{UNIT}\b)*"
    rf"|(?<![\w.@/:#$%&=+-]){NUMBER}(?:\s?%|\s{UNIT}\b)*(?![\w/@:=-])(?!\.\w|\) ?\d{{3}})"
)

Span = tuple[int, int, str]


def label_words(text: str, words: Sequence[Word], names: Names) -> list[str]:
    """The label of each word of `text`."""
    labels = ["none"] * len(words)
    taken = bytearray(len(text))
    for start, end, label in spans(text, names):
        if any(taken[start:end]):
            continue
        taken[start:end] = b"\1" * (end - start)
        for i, word in enumerate(words):
            if word.start >= start and word.end <= end:
                labels[i] = label
    return labels


def spans(text: str, names: Names) -> Iterator[Span]:
    """What is found, the surest first: an address holds names, and a link holds numbers."""
    for match in URL.finditer(text):
        yield match.start(), match.start() + len(match.group().rstrip(URL_END)), "url"
    yield from found(EMAIL, text, "email")
    yield from found(DATE, text, "date")
    yield from found(AMOUNT, text, "amount")
    for start, end in names.places(text):
        yield start, end, "person"


def found(pattern: re.Pattern[str], text: str, label: str) -> Iterable[Span]:
    return ((match.start(), match.end(), label) for match in pattern.finditer(text))
