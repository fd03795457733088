import numpy as np
import pytest

from gruvy.tasks.shared.holdout import draw_classes, draw_groups, draw_rows


@pytest.mark.parametrize(("rows", "fraction", "count"), [(10, 0.2, 2), (10, 0.01, 1), (3, 0.99, 2), (2, 0.5, 1)])
def test_at_least_one_row_and_not_all(rows, fraction, count):
    assert draw_rows(rows, fraction, 0).sum() == count


def test_rows_of_a_group_stay_together():
    groups = np.array([0, 1, 2, 0, 3, 1] * 5)
    for seed in range(5):
        drawn = draw_groups(groups, 0.4, seed)
        assert len(set(groups[drawn])) == 2
        assert not set(groups[drawn]) & set(groups[~drawn])


def test_every_class_is_in_both_parts():
    classes = np.array([0] * 90 + [1] * 10 + [2] * 2 + [3])
    drawn = draw_classes(classes, 0.1, 0)
    assert np.bincount(classes[drawn], minlength=4).tolist() == [9, 1, 1, 0]


def test_the_seed_alone_decides():
    same = draw_rows(50, 0.3, 1), draw_rows(50, 0.3, 1)
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], draw_rows(50, 0.3, 2))
