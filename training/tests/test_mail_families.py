"""Mails that a reader would call the same, or of one conversation, stay together."""

import unittest

from mail.families import families, fingerprint

LETTER = "dear friend we have a wonderful offer for you today and only today so hurry up and click".split()
OTHER = "the kernel module does not load after the upgrade because its symbols have changed again".split()


class Families(unittest.TestCase):
    def test_near_duplicates_are_one_family(self) -> None:
        twin = [*LETTER[:-1], "call"]
        self.assertEqual(families(["a", "b", "c"], [LETTER, OTHER, twin]), [0, 1, 0])

    def test_a_reply_that_quotes_is_of_the_family_of_what_it_quotes(self) -> None:
        reply = [*OTHER, *"have you tried to build them both from the same source tree as before".split()]
        self.assertEqual(families(["a", "b", "c"], [LETTER, OTHER, reply]), [0, 1, 1])

    def test_a_thread_is_one_family(self) -> None:
        subjects = ["New kernel", "Re: Fwd: new kernel!", "Kernel"]
        self.assertEqual(families(subjects, [LETTER, OTHER, ["short"]]), [0, 0, 2])

    def test_families_are_closed(self) -> None:
        twin = [*LETTER[:-1], "call"]
        self.assertEqual(families(["big news", "x", "Re: big news"], [LETTER, twin, OTHER]), [0, 0, 0])

    def test_duplicates_differ_in_numbers_and_signs_only(self) -> None:
        self.assertEqual(fingerprint(["pay", "$", "5"]), fingerprint(["pay", "6", "!"]))


if __name__ == "__main__":
    unittest.main()
