"""Held-out mails to try the model with: a seeded sample, with what points at a person masked."""

import email
import email.utils
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mail.corpus import LABELS, Mail
from mail.message import read_header
from mail.tokens import split

SEED = 7
OF_EACH_LABEL = 25
MOST_BYTES = 4096
LEAST_WORDS = 12

# A mail with one of these is no example; the model was trained on such mails all the same.
EXPLICIT = re.compile(
    r"porn|xxx|\bsex|\bsexy|sexual|\bnud(?:e|ity)|\bcum|\bcock|\bdick|puss(?:y|ies)|\bfuck|\bshit|\bcunt|\bslut|\bwhor|\bteen"
    r"|\blesbian|\bgay\b|\berotic|\berect|\bpenis|\bpenile|\bvagina|\bbreast|\bhardcore|\borgasm|\bviagra|\bnigg|\bfag|\brap(?:e|ist)"
    r"|\bbitch|\basshole|\bwebcam|\bpron\b|love.?making|\bv\Wagra|\bxx\b|\bhorny|\bmolest|\bpedoph",
    re.I,
)

# What is left where a mail declares another character set than it has.
MISREAD = re.compile("[\ufffd\x80-\x9f]")

# Read and left out: they name a person whom the patterns below do not catch.
NAMING_A_PERSON = {"easy-ham-1/00317", "easy-ham-1/00676", "spam-2/00543", "spam-2/01378"}

SOMEBODY = "Alex Example"
PHONE = re.compile(
    r"(?<![\w.])(?:\+?\d{1,3}[ .-]{0,2})?(?:\(\d{2,4}\)|\d{3,4})[ .-]{1,2}\d{3,4}[\s.-]?\d{3,4}(?![\w])"
    r"|(?<![\w./])\+\d[\d .()-]{7,}\d"
)
STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:(?:[A-Z][\w.']*|\d+(?:st|nd|rd|th))\.? ){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Way|Court|Ct|Parkway|Pkwy"
    r"|Highway|Hwy|Plaza|Square)\b\.?(?: [NSEW]{1,2}\b)?"
    r"(?:,? (?:Suite|Ste|Apt|Unit|#)\.? ?#?[\w-]+)?"
)
TURKISH_STREET = re.compile(r"^[^\n]{3,40} (?:sok|cad)\. ?\d[^\n]*$", re.M | re.I)
POST_BOX = re.compile(r"\bP\.? ?O\.? ?Box \d+", re.I)
TOWN = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+){0,2},? (?:[A-Z]{2}|[A-Z]\.[A-Z]\.),? {0,2}\d{5}(?:-\d{4})?\b")
HOME_PAGE = re.compile(r"(https?://[^\s/]+)/~[\w.-]+", re.I)
FULL_NAME = re.compile(r"[A-Z][a-z'’-]+(?: [A-Z]\.?)?(?: [A-Z][A-Za-z'’-]+){1,2}")


def choose(held_out: Sequence[Mail], family: Sequence[int], names: Iterable[str]) -> list[Mail]:
    """OF_EACH_LABEL mails of each label, one of a family, whether the model gets them right or not.

    The order is seeded: the first of the corpus would all come from its first folder and its first days.
    """
    seen: set[int] = set()
    chosen: dict[int, list[Mail]] = {label: [] for label in range(len(LABELS))}
    for position in np.random.default_rng(SEED).permutation(len(held_out)):
        mail = held_out[position]
        if is_example(mail) and family[position] not in seen and len(chosen[mail.label]) < OF_EACH_LABEL:
            seen.add(family[position])
            chosen[mail.label].append(mail)
    masked_name = names_pattern(names)
    return [replace(mail, text=mask_person(mail.text, masked_name)) for mails in chosen.values() for mail in mails]


def is_example(mail: Mail) -> bool:
    return (
        mail.source not in NAMING_A_PERSON
        and len(mail.text.encode()) <= MOST_BYTES
        and len(split(mail.text)) >= LEAST_WORDS
        and not MISREAD.search(mail.text)
        and "\n\n" in mail.text
        and not EXPLICIT.search(mail.text)
    )


def names_in(mails: Iterable[Mail]) -> set[str]:
    """Full names of the people who wrote or got the good mails; spam's senders are called "Special Offer"."""
    return {name for mail in mails if mail.label == LABELS.index("ham") for name in names_of(mail)}


def names_of(mail: Mail) -> list[str]:
    message = email.message_from_bytes(mail.raw)
    headers = [read_header(value) for field in ("from", "to", "cc", "reply-to") for value in message.get_all(field, [])]
    names = (" ".join(name.split()) for name, _ in email.utils.getaddresses(headers))
    full = [name for name in names if FULL_NAME.fullmatch(name)]
    return full + [re.sub(r" [A-Z]\.? ", " ", name) for name in full]


def names_pattern(names: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(r"\b(?:" + "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first) + r")\b")


def mask_person(text: str, names: re.Pattern[str]) -> str:
    text = names.sub(SOMEBODY, text)
    text = HOME_PAGE.sub(r"\1/~user", text)
    for street in (STREET, TURKISH_STREET):
        text = street.sub("1 Example Street", text)
    text = TOWN.sub("Anytown", POST_BOX.sub("PO Box 1", text))
    return PHONE.sub("555-0100", text)


def write(mails: Sequence[Mail], folder: Path) -> None:
    """`<nn>-<label>.txt`: subject, blank line, body, exactly as the model takes it as `text`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for number, mail in enumerate(mails):
        (folder / f"{number:02d}-{LABELS[mail.label]}.txt").write_text(mail.text, encoding="utf-8", newline="\n")


def golden_texts(examples: Sequence[Mail], max_tokens: int) -> list[str]:
    """Of each label the shortest, one that is cut, and another; where there is one, with characters beyond ASCII."""
    texts = []
    for label in range(len(LABELS)):
        of_label = sorted((mail.text for mail in examples if mail.label == label), key=lambda text: len(split(text)))
        cut = [text for text in of_label if len(split(text)) > max_tokens]
        beyond_ascii = [text for text in of_label if not text.isascii()]
        wanted = [of_label[0], *cut[len(cut) // 2 :][:1], *beyond_ascii[:1], *of_label[len(of_label) // 2 :]]
        texts += list(dict.fromkeys(wanted))[:3]
    return texts
