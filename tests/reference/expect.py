"""What is expected of every reader: the tensors of a file, or one line that says what is wrong."""

import contextlib
import time
import tracemalloc

import numpy as np
import pytest

from weights_tools import WeightsError, load


def assert_equal(found, expected, *, ordered=True):
    """Check that tensors are those expected, in their order if asked, as float32."""
    names = list if ordered else set
    assert names(found) == names(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == np.float32, name
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)


def assert_one_line(error, path):
    """Check that a message is one line that begins with the path and names it only there."""
    message = str(error.value if isinstance(error, pytest.ExceptionInfo) else error)
    assert message.startswith(str(path)), message
    assert message.count(str(path)) == 1, message
    assert "\n" not in message, message


def refused(path, match):
    """Check that a file is refused in one line that begins with its path and matches."""
    with pytest.raises(WeightsError, match=match) as caught:
        load(path)
    assert_one_line(caught, path)


def refused_if_cut(path, keep, match="damaged"):
    """Check that of a file no beginning of these lengths is read."""
    content = path.read_bytes()
    for each in keep:
        assert len(content[:each]) < len(content)
        path.write_bytes(content[:each])
        refused(path, match)


def refused_if_it_shrinks(path, reader, keep):
    """Check that a file is refused which is cut after a reader has opened it."""
    with (  # noqa: PT012 - the values are read inside
        pytest.raises(WeightsError, match="ends too early") as caught,
        reader(path) as checkpoint,
    ):
        path.write_bytes(path.read_bytes()[:keep])
        checkpoint.convolutions[0].kernel.read()
    assert_one_line(caught, path)


def refusals(path, *spans, times=200, seed=0):
    """Check that a file is read or refused in one line, however damaged; count the refusals.

    Of every span (begin, end, count), as many bytes as `count` are drawn; each gets any other value
    or has one bit flipped.
    """
    content = path.read_bytes()
    generator = np.random.default_rng(seed)
    count = 0
    for _ in range(times):
        damaged = bytearray(content)
        for begin, end, changes in spans:
            for place in generator.integers(begin, end, changes):
                flipped = damaged[place] ^ (1 << generator.integers(8))
                damaged[place] = generator.choice([flipped, generator.integers(256)])
        path.write_bytes(damaged)
        try:
            found = load(path)
        except WeightsError as error:
            count += 1
            assert_one_line(error, path)
        else:
            assert found.architecture in ("vgg16", "vgg19")
    return count


@contextlib.contextmanager
def cheaply(*, peak=100e6, seconds=10):
    """Check that a block takes neither more memory, in bytes, nor more time."""
    start = time.process_time()
    tracemalloc.start()
    try:
        yield
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < peak
    assert time.process_time() - start < seconds
