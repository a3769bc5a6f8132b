"""People's names: common ones and those of the mails' headers, and what stands where a mail says whose name it is."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from mail import examples
from mail.corpus import Mail
from tags.given_names import GIVEN_NAMES

NAME_WORD = r"[A-Z][A-Za-z\u00c0-\u024f'-]*[a-z\u00c0-\u024f]"
NAME = rf"{NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.?))*(?: {NAME_WORD})?"
# Each says whose name it holds, in its one group.
TOLD = [
    re.compile(rf"\b({NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.?)){{0,3}}) (?:wrote|writes)\s?:"),
    re.compile(rf"\b({NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.?)){{1,3}})\"? ?<[^<>\s]+@"),
    re.compile(rf"^[>\s]*(?:From|To|Cc|Sent by): \"?({NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.?)){{1,3}})", re.M),
]
GREETING = re.compile(rf"\b(?:Hi|Hello|Hey|Dear|Thanks|Thank you|Cheers|Regards|Ciao),?\s+({NAME_WORD})\b")
# A name alone on the last line before a signature, or before the end.
SIGNED = re.compile(rf"\n[ \t]*\n[ \t]*[-~*+]{{0,3}} ?({NAME_WORD}(?: {NAME_WORD})?)[.,]?[ \t]*(?=\s*\Z|\s*\n-- ?\n|\n__)")
ORDINARY_TEXTS = 4
WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
NO_NAMES = {"On", "In", "At", "The", "And", "But", "Sir", "Madam", "All", "Friend", "Mailing", "List", "Group", "Team"}


class Names:
    """The full, given and family names of those who wrote or got the good mails."""

    def __init__(self, mails: Iterable[Mail], texts: Iterable[str]) -> None:
        full = {name for name in examples.names_in(mails) if not set(name.split()) & NO_NAMES}
        ordinary = ordinary_words(texts)
        self.given = {name.split()[0] for name in full} | GIVEN_NAMES
        self.family = {name.split()[-1] for name in full}
        # `Will`, `Mark` and `Rose` are words as well: alone they say nothing.
        self.sure_given = {name for name in self.given if name.lower() not in ordinary and len(name) > 2}
        self.ordinary = ordinary
        longest_first = sorted(full, key=lambda name: (-len(name), name))
        self.full = re.compile(r"\b(?:" + "|".join(re.escape(name) for name in longest_first) + r")\b")
        self.pair = re.compile(rf"\b({NAME_WORD})(?: [A-Z]\.?)? ({NAME_WORD})\b")
        self.single = re.compile(rf"\b{NAME_WORD}\b")

    def family_words(self) -> set[str]:
        """Words that name a family and nothing else: neither an ordinary word nor a given name."""
        words = {word for name in self.family for word in WORD.findall(name)}
        return {word for word in words - self.given if word.lower() not in self.ordinary}

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in `text` a person is named, the surest first."""
        for pattern in TOLD:
            for match in pattern.finditer(text):
                if not set(match.group(1).split()) & NO_NAMES:
                    yield match.span(1)
        for match in self.full.finditer(text):
            yield match.span()
        for match in self.pair.finditer(text):
            given, family = match.groups()
            is_given = given in self.sure_given or (given in GIVEN_NAMES and family.lower() not in self.ordinary)
            if is_given and (family in self.family or family.lower() not in self.ordinary):
                yield match.span()
        for match in GREETING.finditer(text):
            if match.group(1) in self.given:
                yield match.span(1)
        for match in SIGNED.finditer(text):
            if not any(word.lower() in self.ordinary for word in match.group(1).split()):
                yield match.span(1)
        for match in self.single.finditer(text):
            if match.group() in self.sure_given:
                yield match.span()


def ordinary_words(texts: Iterable[str]) -> set[str]:
    """Words that stand in lower case in several texts."""
    counts = Counter(word for text in texts for word in set(WORD.findall(text)) if word.islower())
    return {word for word, count in counts.items() if count >= ORDINARY_TEXTS}
