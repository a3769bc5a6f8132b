"""From a raw mail to token ids: what stays, what goes, and that JavaScript would do the same."""

import sys
import unittest

from mail.cleaning import clean
from mail.message import html_to_text, read_message
from mail.tokens import Encoder, choose_vocabulary, pad, split


class Reading(unittest.TestCase):
    def test_only_subject_and_body_are_read(self) -> None:
        raw = b"From: a@b.c\nX-List: secret\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\n\nhello\n"
        self.assertEqual(read_message(raw), ("Grüße", "hello\n"))

    def test_html_is_reduced_to_its_words(self) -> None:
        html = "<style>p {}</style><p>Buy<!-- x --> n<b>ow</b> &amp; save</p><br>bye"
        self.assertEqual(html_to_text(html).split(), ["Buy", "now", "&", "save", "bye"])

    def test_quoted_printable_in_windows_1252_is_decoded(self) -> None:
        raw = b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=93hi=94"
        self.assertEqual(read_message(raw)[1], "“hi”")


class Cleaning(unittest.TestCase):
    def test_list_tags_leave_the_subject(self) -> None:
        self.assertEqual(clean("Re: [ILUG] fonts", "x"), "Re: fonts\n\nx")

    def test_list_footers_leave_the_body(self) -> None:
        footer = (
            "_" * 47
            + "\nExmh-users mailing list\nExmh-users@redhat.com\nhttps://listman.redhat.com/mailman/listinfo/exmh-users\n"
        )
        self.assertEqual(clean("s", "text\n\n" + footer), "s\n\ntext")

    def test_sponsors_leave_the_body(self) -> None:
        advert = (
            "-" * 55
            + "\nThis sf.net email is sponsored by:ThinkGeek\nhttp://thinkgeek.com/sf\n"
            + "_" * 47
            + "\nRazor-users mailing list\n"
        )
        self.assertEqual(clean("s", "text\n" + advert), "s\n\ntext")

    def test_senders_and_days_leave_the_body(self) -> None:
        body = "On Thu, Aug 22, 2002 at 10:16, Ann Other wrote:\n> why?\nbecause\n-- \nAnn Other\n555 0100\n"
        self.assertEqual(clean("s", body), "s\n\n> why?\nbecause")

    def test_every_address_becomes_the_same(self) -> None:
        self.assertEqual(
            clean("s", "ask ann.other+x@mail.test or <bob@b.c>"), "s\n\nask user@example.com or <user@example.com>"
        )


class Tokens(unittest.TestCase):
    def test_words_numbers_and_a_few_signs(self) -> None:
        self.assertEqual(split("Don't PAY $99.50, café!"), ["don't", "pay", "$", "99", "50", "caf", "!"])

    def test_lower_case_brings_no_other_ascii_than_in_javascript(self) -> None:
        """Unicode names two characters beyond A to Z whose lower case holds an ASCII letter, in every version."""
        found = [code for code in range(0x80, sys.maxunicode + 1) if split(chr(code))]
        self.assertEqual(found, [0x130, 0x212A])
        self.assertEqual(split("\u0130\u212a"), ["i", "k"])

    def test_unknown_words_and_the_cut(self) -> None:
        self.assertEqual(Encoder(["a", "b"], 3).encode(["b", "x", "a", "a"]), [3, 1, 2])

    def test_padding_stands_on_the_right(self) -> None:
        token_ids, lengths = pad([[5], [6, 7]])
        self.assertEqual((token_ids.tolist(), lengths.tolist()), ([[5, 0], [6, 7]], [1, 2]))

    def test_the_vocabulary_is_ordered_and_without_long_numbers(self) -> None:
        texts = [["b", "a", "2002", "50"], ["b", "2002", "50"], ["b", "2002", "c"]]
        self.assertEqual(choose_vocabulary(texts, 10, 2), ["b", "50"])


if __name__ == "__main__":
    unittest.main()
