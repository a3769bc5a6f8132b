"""Trains `mail-attention` and writes models/mail-attention/1. Run: python training/mail-attention/train.py"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mail import corpus
from mail.attentive import AttentiveClassifier
from mail.classifying import DROPOUT, EMBEDDING, HIDDEN, Wanted, make

ATTENTION = 64

# The mails and the split of `mail`: the two can be compared.
MAIL_ATTENTION = Wanted(
    name="mail-attention",
    description="Tells unwanted mail from wanted mail, and says how much of each word went into it. "
    "A PyTorch LSTM with attention, trained on English mails of 2002 from the SpamAssassin public corpus.",
    epochs=8,
    network=lambda ids: AttentiveClassifier(ids, EMBEDDING, HIDDEN, len(corpus.LABELS), ATTENTION, DROPOUT),
    of_each_token=["attention"],
    facts={"attention": ATTENTION},
    manifest={"attention": {"tensor": "attention"}},
)

if __name__ == "__main__":
    make(MAIL_ATTENTION)
