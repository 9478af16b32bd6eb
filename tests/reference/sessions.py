"""Sessions to their end, and pictures that are the same to the bit."""

import numpy as np


def finished(session):
    while not session.done:
        session.step()
    return session.result()


def same(one, other):
    np.testing.assert_array_equal(one.image, other.image)
    for mine, theirs in zip(one.history, other.history, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.levels == other.levels
