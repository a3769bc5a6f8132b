"""Trains `mail` and writes models/mail/1 and examples/mails. Run: python training/mail/train.py"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "training"))

from mail import corpus, examples, serving, tokens
from mail.classifier import TextClassifier
from mail.classifying import DROPOUT, EMBEDDING, HIDDEN, Wanted, make

MAIL = Wanted(
    name="mail",
    description="Tells unwanted mail from wanted mail by subject and body. "
    "A PyTorch LSTM, trained on English mails of 2002 from the SpamAssassin public corpus.",
    epochs=10,
    network=lambda ids: TextClassifier(ids, EMBEDDING, HIDDEN, len(corpus.LABELS), DROPOUT),
)


def main() -> None:
    made = make(MAIL)
    examples.write(made.examples, REPOSITORY / "examples" / "mails")
    right = sum(
        serving.answer(made.session, [made.encoder.encode(tokens.split(example.text))]).argmax() == example.label
        for example in made.examples
    )
    print(f"examples: {right} of {len(made.examples)} right")


if __name__ == "__main__":
    main()
