import pytest

from nstjax.machine import memory


@pytest.fixture(autouse=True)
def one_gibibyte(monkeypatch):
    monkeypatch.setattr(memory, "_available_bytes", lambda: 2**30)


def test_a_picture_that_fits_passes():
    memory.check_memory(2**30 // memory.BYTES_PER_PIXEL)


def test_a_picture_that_does_not_fit_is_refused_with_what_would(refused):
    with refused("0.4 megapixels"):
        memory.check_memory(2**30 // memory.BYTES_PER_PIXEL + 1)


def test_where_nobody_tells_the_memory_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "_available_bytes", lambda: None)
    memory.check_memory(10**12)


def test_this_machine_tells_its_memory(monkeypatch):
    monkeypatch.undo()
    available = memory._available_bytes()
    assert available is None or available > 2**28
