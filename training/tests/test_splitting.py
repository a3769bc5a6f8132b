"""What is held out is held out whole."""

import unittest

from splitting import hold_out, share_of_each_label


class HoldingOut(unittest.TestCase):
    labels = [0] * 70 + [1] * 30
    families = [row // 4 if row % 4 < 3 else 100 + row for row in range(100)]

    def test_it_holds_out_exactly_as_many_in_the_share_of_each_label(self) -> None:
        mask = hold_out(self.labels, 20, seed=1)
        self.assertEqual([mask[:70].sum(), mask[70:].sum()], [14, 6])

    def test_a_family_is_never_torn_apart(self) -> None:
        for seed in range(20):
            mask = hold_out(self.labels, 20, seed, self.families)
            sides = {
                family: {bool(mask[row]) for row in range(100) if self.families[row] == family}
                for family in self.families
            }
            self.assertTrue(all(len(side) == 1 for side in sides.values()))

    def test_the_same_seed_gives_the_same_rows(self) -> None:
        first, again, other = (hold_out(self.labels, 20, seed) for seed in (5, 5, 6))
        self.assertTrue((first == again).all())
        self.assertFalse((first == other).all())

    def test_families_too_large_to_fit_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "leave only 0 of 20"):
            hold_out(self.labels, 20, seed=1, families=[0] * 100)

    def test_shares_sum_to_the_count(self) -> None:
        self.assertEqual(share_of_each_label([0, 0, 1, 1, 2], 3), {0: 1, 1: 1, 2: 1})


if __name__ == "__main__":
    unittest.main()
