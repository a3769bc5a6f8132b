"""Words with their places, what the rules find in them, and that padding reaches no tag."""

import unittest

import numpy as np
import torch

from mail.attentive import AttentiveClassifier
from mail.tokens import pad
from tags import measuring, reading
from tags.fitting import IGNORED, PERSON, change_names, plant_names
from tags.given_names import GIVEN_NAMES
from tags.names import Names, ordinary_words
from tags.network import TokenTagger
from tags.rules import LABELS, label_words
from tags.words import SHAPES, UNKNOWN_ID, Encoder, choose_vocabulary, shape_id, split, with_names


class NoNames:
    """As if nobody were known: only what other rules find."""

    def places(self, _text: str) -> list[tuple[int, int]]:
        return []


def found(text: str, tag: str) -> list[str]:
    words = split(text)
    labels = label_words(text, words, NoNames())  # type: ignore[arg-type]
    return [word.text for word, label in zip(words, labels, strict=True) if label == tag]


class GivenNames(unittest.TestCase):
    def test_every_one_is_known_beside_the_words_that_are_frequent(self) -> None:
        vocabulary = with_names(["the", "Mark", "of"], GIVEN_NAMES)
        self.assertEqual(vocabulary[:3], ["the", "Mark", "of"])
        self.assertEqual(set(vocabulary), GIVEN_NAMES | {"the", "of"})
        self.assertEqual(len(vocabulary), len(set(vocabulary)))

    def test_only_the_first_word_of_a_name_is_made_another_given_name(self) -> None:
        token_ids = np.arange(10, 20).reshape(2, 5)
        labels = np.zeros((2, 5), dtype=np.int64)
        labels[0, 1:4] = PERSON
        labels[1, 0] = PERSON
        changed = change_names(token_ids, labels, [7, 8], 1.0, np.random.default_rng(1))
        self.assertTrue(set(changed[[0, 1], [1, 0]].tolist()) <= {7, 8})
        untouched = np.ones((2, 5), dtype=bool)
        untouched[[0, 1], [1, 0]] = False
        self.assertTrue((changed == token_ids)[untouched].all())
        self.assertTrue((change_names(token_ids, labels, [7], 0.0, np.random.default_rng(1)) == token_ids).all())


class PlantedNames(unittest.TestCase):
    def test_lie_in_running_text_alone_and_are_labelled_so(self) -> None:
        token_ids = np.full((20, 50), 99)
        labels = np.zeros((20, 50), dtype=np.int64)
        labels[:, 10:20] = 1
        labels[:, 40:] = IGNORED
        planted, said = plant_names(token_ids, labels, [7, 8], 0.3, np.random.default_rng(1))
        is_new = planted != token_ids
        self.assertTrue((said[is_new] == PERSON).all())
        self.assertTrue((said[~is_new] == labels[~is_new]).all())
        self.assertFalse(is_new[:, 10:20].any() or is_new[:, 40:].any())
        self.assertEqual(set(planted[is_new].tolist()), {7, 8, shape_id("Capital")})


class Words(unittest.TestCase):
    def test_words_numbers_signs_and_line_ends_with_their_places(self) -> None:
        text = "Zoë's 1st\n\nö€!"
        self.assertEqual([word.text for word in split(text)], ["Zoë", "'", "s", "1", "st", "\n\n", "ö", "!"])
        self.assertTrue(all(text[word.start : word.end] == word.text for word in split(text)))

    def test_what_is_not_known_is_known_by_its_shape(self) -> None:
        kinds = {word: shape_id(word) for word in ["2002", "7", "42", "1500", "15000", "A", "Anna", "IBM", "rpm", "aBc", "€"]}
        self.assertEqual(kinds["aBc"], UNKNOWN_ID)
        self.assertEqual(kinds["€"], UNKNOWN_ID)
        self.assertEqual(len({kinds[word] for word in kinds if word not in ("aBc", "€")}), len(SHAPES))

    def test_a_known_word_has_its_own_id_and_case_counts(self) -> None:
        encoder = Encoder(["mark"])
        mark, name = encoder.encode(split("mark Mark"))
        self.assertEqual((mark, name), (UNKNOWN_ID + 1 + len(SHAPES), shape_id("Mark")))

    def test_numbers_and_family_names_are_no_vocabulary(self) -> None:
        texts = [["the", "2002", "Miller"], ["the", "2002", "Miller"]]
        self.assertEqual(choose_vocabulary(texts, 10, 2, left_out={"Miller"}), ["the"])


class Rules(unittest.TestCase):
    def test_addresses(self) -> None:
        self.assertEqual("".join(found("ask ann.o+x@mail.example.org, now", "email")), "ann.o+x@mail.example.org")

    def test_links_without_the_sign_that_ends_their_sentence(self) -> None:
        text = "see http://www.example.org/a_b/?c=1&d=2. Or www.example.com/x!"
        self.assertEqual("".join(found(text, "url")), "http://www.example.org/a_b/?c=1&d=2www.example.com/x")

    def test_dates_and_times(self) -> None:
        for text in (
            "Wed, 24 Jul 2002",
            "September 11th, 2001",
            "2002-09-11T22:41:04+01:00",
            "Wed, 2002-09-18 at 17:50",
            "07/13/2001",
            "Tue, Jul 30, 2002 at 11:28:11AM +0200",
            "8am",
        ):
            self.assertEqual([word.text for word in split(text)], found(text, "date"), text)

    def test_amounts_and_not_what_only_holds_digits(self) -> None:
        self.assertEqual("".join(found("$1,000.50 or 40% of 7 million", "amount")), "$1,000.5040%7million")
        self.assertEqual(found("2.4.18 A1200 v2 (407) 555-0100 17", "amount"), ["17"])

    def test_a_link_keeps_its_numbers_and_an_address_its_names(self) -> None:
        self.assertEqual(found("http://example.org/2002/09/25", "date"), [])

    def test_people_where_a_mail_says_whose_name_it_is(self) -> None:
        names = Names([], ["some words of which none is a name"])
        text = "On Monday, Zadok Quux wrote:\n> hi\n\nThanks, Peter\n\nOrla\n"
        words = split(text)
        labels = label_words(text, words, names)
        people = [word.text for word, label in zip(words, labels, strict=True) if label == "person"]
        self.assertEqual(people, ["Zadok", "Quux", "Peter", "Orla"])

    def test_a_word_is_ordinary_where_several_texts_have_it_in_lower_case(self) -> None:
        self.assertEqual(ordinary_words(["will Mark"] * 4 + ["mark"]), {"will"})


class Reading(unittest.TestCase):
    def test_marks_become_labels_of_the_words_between_them(self) -> None:
        passage = reading.parse("ask [person:Ann Lee] on [date:May 1]!")
        self.assertEqual(passage.text, "ask Ann Lee on May 1!")
        self.assertEqual(passage.labels, ["none", "person", "person", "none", "date", "date", "none"])

    def test_the_passages_have_every_tag_and_no_mark_is_left(self) -> None:
        passages = reading.load()
        self.assertEqual({label for passage in passages for label in passage.labels}, set(LABELS))
        self.assertFalse([passage.text for passage in passages if "[person:" in passage.text])


class Measuring(unittest.TestCase):
    def test_words_and_whole_finds_are_counted_apart(self) -> None:
        expected = [["date", "date", "none", "date"]]
        answered = [["date", "none", "none", "date"]]
        date = measuring.measure(expected, answered)["tags"]["date"]
        self.assertEqual((date["precision"], date["recall"]), (1.0, 0.6667))
        self.assertEqual((date["finds"]["precision"], date["finds"]["recall"]), (0.5, 0.5))


class Padding(unittest.TestCase):
    """In the network itself; the exported files are checked where they are made."""

    def test_it_reaches_no_tag(self) -> None:
        torch.manual_seed(1)
        tagger = TokenTagger(50, 8, 16, len(LABELS), look_ahead=4, dropout=0.0).eval()
        ids, lengths = pad([[5, 6, 7], [8]], 12)
        padded = tagger(torch.from_numpy(ids), torch.from_numpy(lengths))
        for row, text in enumerate([[5, 6, 7], [8]]):
            alone = tagger(torch.tensor([text]), torch.tensor([len(text)]))
            torch.testing.assert_close(padded[row, : len(text)], alone[0])

    def test_it_reaches_neither_attention_nor_class(self) -> None:
        torch.manual_seed(1)
        classifier = AttentiveClassifier(50, 8, 16, 2, 8, 0.0).eval()
        ids, lengths = pad([[5, 6, 7], [8]], 12)
        logits, attention = classifier(torch.from_numpy(ids), torch.from_numpy(lengths))
        self.assertEqual(attention[0, 3:].tolist(), [0.0] * 9)
        torch.testing.assert_close(attention.sum(1), torch.ones(2))
        alone, _ = classifier(torch.tensor([[5, 6, 7]]), torch.tensor([3]))
        torch.testing.assert_close(logits[0], alone[0])

    def test_the_score_of_a_whole_text_is_that_of_its_last_prefix(self) -> None:
        torch.manual_seed(1)
        classifier = AttentiveClassifier(50, 8, 16, 2, 8, 0.0).eval()
        ids = torch.tensor([[5, 6, 7, 9]])
        logits, _ = classifier(ids, torch.tensor([4]))
        torch.testing.assert_close(classifier.score_prefixes(ids)[0, -1], logits[0])


if __name__ == "__main__":
    unittest.main()
