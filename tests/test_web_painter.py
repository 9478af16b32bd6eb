"""The painter gives turns in a circle, and keeps a line."""

import threading
import time

import pytest

from nstjax.web.painter import Painter


class Work:
    """So many turns, each of which is noted; the first of all waits until the gate is open."""

    def __init__(self, name, turns, notes, gate):
        self.name, self.left, self.notes, self.gate = name, turns, notes, gate

    def turn(self):
        assert self.gate.wait(10)
        self.notes.append(self.name)
        self.left -= 1
        return self.left > 0


@pytest.fixture
def stage():
    """A painter of two at once and three in line, and what makes works for it."""
    gate, notes = threading.Event(), []
    painter = Painter(at_once=2, waiting=3)

    def make(name, turns=4):
        work = Work(name, turns, notes, gate)
        painter.add(work)
        return work

    yield painter, make, gate, notes
    gate.set()
    painter.close()


def until(is_so):
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_turns_go_round_and_the_line_moves_up(stage):
    painter, make, gate, notes = stage
    works = [make(name) for name in "abcd"]
    assert painter.count == 2
    assert [painter.place(each) for each in works] == [0, 0, 1, 2]
    gate.set()
    until(lambda: not any(each.left for each in works))
    for first, second in ("ab", "cd"):
        both = [name for name in notes if name in first + second]
        counts = [both[:end].count(first) - both[:end].count(second) for end in range(len(both))]
        assert max(map(abs, counts)) <= 2
    assert notes.index("c") > notes.index("b")
    assert notes.index("d") > len(notes) - 1 - notes[::-1].index("a")


def test_a_full_line_is_told(stage, refused):
    _, make, _, _ = stage
    for name in "abcde":
        make(name)
    with refused("in line"):
        make("f")


def test_who_pauses_makes_room_and_comes_back_behind_the_others(stage):
    painter, make, gate, notes = stage
    a, b, c, d = (make(name) for name in "abcd")
    painter.pause(b)
    assert [painter.place(each) for each in (c, d)] == [0, 1]
    painter.go_on(b)
    assert painter.place(b) == 2
    gate.set()
    until(lambda: not any(each.left for each in (a, b, c, d)))
    assert notes.index("b") > notes.index("c")


def test_a_paused_one_keeps_its_place_among_the_most(stage, refused):
    painter, make, _, _ = stage
    works = [make(name) for name in "abcde"]
    painter.pause(works[3])
    with refused("in line"):
        make("f")


def test_a_last_turn_is_past_the_line(stage):
    painter, make, gate, notes = stage
    works = [make(name, 50) for name in "abcd"]
    last = make("e", 1)
    painter.last_turn(last)
    gate.set()
    until(lambda: not works[3].left)
    assert notes.index("e") <= 2
    assert not works[2].left
    assert notes.index("c") > 50


def test_pausing_what_is_not_there_does_nothing(stage):
    painter, make, gate, notes = stage
    work = make("a", 1)
    gate.set()
    until(lambda: painter.count == 0 and not work.left)
    painter.pause(work)
    painter.go_on(work)
    painter.last_turn(work)
    assert painter.place(work) == 0
    assert notes == ["a"]


def test_closing_ends_the_thread_after_its_turn():
    gate, notes = threading.Event(), []
    painter = Painter(at_once=1, waiting=0)
    painter.add(Work("a", 10**6, notes, gate))
    gate.set()
    until(lambda: notes)
    painter.close()
    done = len(notes)
    assert not any(thread.name == "painter" for thread in threading.enumerate())
    assert len(notes) == done < 10**6
