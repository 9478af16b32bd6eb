import itertools
import math
import threading
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nstjax.images import resize
from nstjax.machine.memory import Need
from nstjax.optimize import Batch, Level, Ready, Steps, Way, Work, run_levels, work
from nstjax.optimize.optimizer import carry_moments
from nstjax.optimize.work import CHUNK_PIXELS, LONGEST_CHUNK, chunk_length

PLAIN = optax.identity()
LEVELS = (Level(8, 12, 6), Level(16, 24, 4))


def to_target(pixels, target):
    loss = jnp.mean((pixels - target) ** 2)
    return loss, loss


class Known:
    """A problem that is known at once."""

    present = 0

    def __init__(self, problem):
        self.shapes = problem

    def compile(self):
        return Ready(lambda: self.shapes, Need(0, 0))


def target(level):
    return jnp.full((level.height, level.width, 3), 0.25 * level.height / 8)


def known_target(level):
    return Known(target(level))


def chunks(
    stop_every=0,
    levels=LEVELS,
    initial=None,
    make_problem=known_target,
    optimizer=PLAIN,
    ways=None,
    carry=None,
    room=None,
    batch=None,
    learning_rate=120.0,
    averaging=0.0,
):
    steps = Steps(
        to_target,
        lambda level, _: make_problem(level),
        lambda problem: (problem, learning_rate, averaging),
        stop_every=stop_every,
        batch=batch,
    )
    start = np.zeros((8, 12, 3), np.float32) if initial is None else initial
    return run_levels(
        Work(levels, start, steps, ways or (lambda _: (Way(optimizer),)), carry), room
    )


def test_every_step_of_every_level_is_done_once():
    done = list(chunks())
    assert [chunk.level for chunk in done] == sorted(chunk.level for chunk in done)
    for index, level in enumerate(LEVELS):
        steps = [chunk.step for chunk in done if chunk.level == index]
        assert steps[-1] == level.steps
        assert sum(len(chunk.reports) for chunk in done if chunk.level == index) == level.steps
    assert done[-1].total_step == sum(level.steps for level in LEVELS)
    assert done[-1].pixels.shape == (16, 24, 3)


def test_each_level_starts_from_the_one_before():
    done = list(chunks())
    first_loss_of_second_level = next(c.reports[0] for c in done if c.level == 1)
    # Level one ends near its target 0.25, and the target of level two is 0.5.
    np.testing.assert_allclose(first_loss_of_second_level, 0.25**2, rtol=0.05)


def test_the_initial_picture_may_have_any_size():
    done = list(chunks(initial=np.full((50, 70, 3), 0.25, np.float32)))
    np.testing.assert_allclose(done[0].reports[0], 0, atol=1e-9)


@pytest.mark.parametrize("every", [1, 3, 4, 5, 7])
def test_a_chunk_ends_wherever_a_report_is_due(every):
    ends = {chunk.total_step for chunk in chunks(stop_every=every)}
    total = sum(level.steps for level in LEVELS)
    assert ends >= set(range(every, total + 1, every))


def test_a_chunk_stays_intact_while_the_next_ones_run():
    kept = [(chunk, np.array(chunk.pixels)) for chunk in chunks(stop_every=1)]
    for chunk, before in kept:
        np.testing.assert_array_equal(chunk.pixels, before)


def test_the_next_chunk_is_under_way_before_the_last_is_handed_out(monkeypatch):
    started = []
    original = work.run_steps

    def counted(*args, **kwargs):
        compiled = original.lower(*args, **kwargs).compile()

        def run(*args):
            started.append(1)
            return compiled(*args)

        run.memory_analysis = lambda: None
        return SimpleNamespace(compile=lambda: run)

    monkeypatch.setattr(work, "run_steps", SimpleNamespace(lower=counted))
    next(iter(chunks(stop_every=1)))
    assert len(started) == 2


def test_the_next_level_is_prepared_while_this_one_runs():
    prepared = {level: threading.Event() for level in LEVELS}

    class Watched(Known):
        def __init__(self, level):
            super().__init__(target(level))
            self.level = level

        def compile(self):
            prepared[self.level].set()
            return super().compile()

    running = chunks(stop_every=1, make_problem=Watched)
    assert next(running).step == 1
    assert all(event.wait(60) for event in prepared.values())


def test_the_optimizers_state_is_carried_when_asked_for():
    seen = []

    def carry(state, pixels):
        seen.append((state.mu.shape, int(state.count), pixels.shape))
        return carry_moments(state, pixels)

    adam = {"optimizer": optax.scale_by_adam(), "learning_rate": 0.01}
    carried, afresh = list(chunks(**adam, carry=carry)), list(chunks(**adam))
    assert seen == [((8, 12, 3), 6, (16, 24, 3))]
    np.testing.assert_array_equal(carried[0].pixels, afresh[0].pixels)
    assert np.abs(carried[-1].pixels - afresh[-1].pixels).max() > 1e-4


def test_a_level_starts_from_the_average_of_the_one_before():
    adam = {"optimizer": optax.scale_by_adam(), "learning_rate": 0.01, "averaging": 0.9}
    done = list(chunks(**adam))
    average = next(c for c in reversed(done) if c.level == 0).pixels
    start = resize(np.asarray(average), 16, 24)
    first = next(c for c in done if c.level == 1)
    np.testing.assert_allclose(first.reports[0], np.mean((start - 0.5) ** 2), rtol=1e-5)


@pytest.mark.parametrize("carry", [None, carry_moments])
def test_a_batch_goes_through_the_levels_as_each_picture_alone(carry):
    adam = {"optimizer": optax.scale_by_adam(), "carry": carry, "stop_every": 2}
    random = np.random.default_rng(1)
    # First pictures may have sizes of their own, as files have.
    starts = [random.random((*size, 3), np.float32) for size in ((8, 12), (20, 31))]
    rates, averaging = np.float32([0.01, 0.05]), np.float32([0.0, 0.8])
    many = {"learning_rate": rates, "averaging": averaging, "batch": Batch(2, None)}
    together = list(chunks(initial=starts, **adam, **many))
    assert together[-1].pixels.shape == (2, 16, 24, 3)
    for one in range(2):
        own = {"learning_rate": rates[one], "averaging": averaging[one]}
        alone = list(chunks(initial=starts[one], **adam, **own))
        assert [(each.level, each.step) for each in together] == [
            (each.level, each.step) for each in alone
        ]
        for all_of_them, itself in zip(together, alone, strict=True):
            np.testing.assert_allclose(all_of_them.pixels[one], itself.pixels, atol=1e-5)
            np.testing.assert_allclose(all_of_them.reports[:, one], itself.reports, rtol=1e-4)


def test_stopping_early_waits_for_no_compiler():
    class Slow(Known):
        def compile(self):
            if self.shapes.shape == (16, 24, 3):
                release.wait(60)
                finished.set()
            return super().compile()

    release, finished = threading.Event(), threading.Event()
    running = chunks(stop_every=1, make_problem=lambda level: Slow(target(level)))
    next(running)
    running.close()
    assert not finished.is_set()
    release.set()


def test_what_fails_while_the_next_level_is_prepared_is_raised():
    class Failing(Known):
        def compile(self):
            if self.shapes.shape == (16, 24, 3):
                raise MemoryError("level two")
            return super().compile()

    with pytest.raises(MemoryError, match="level two"):
        list(chunks(make_problem=lambda level: Failing(target(level))))


def test_chunks_divide_the_level_and_stay_in_bounds():
    for steps, size, every, done, pictures in itertools.product(
        (1, 7, 25, 60, 500), (16, 256, 2048), (0, 1, 10, 50), (0, 30, 75), (1, 5)
    ):
        level = Level(size, size, steps)
        length = chunk_length(level, (done, 0), every, "cpu", pictures)
        assert steps % length == 0
        assert 1 <= length <= LONGEST_CHUNK
        assert length == 1 or length * level.pixels * pictures <= CHUNK_PIXELS["cpu"]
        if every:
            assert math.gcd(every, done) % length == 0


# Three ways that take the same steps: told apart by what they say.
WAYS = tuple(Way(PLAIN, told=name) for name in ("best", "second", "last"))


def told_at(done, level):
    return [line for chunk in done if chunk.level == level for line in chunk.told]


def with_needs(monkeypatch, needs):
    """Programs that take so many bytes, in the order in which they are compiled."""
    left = iter(needs)
    monkeypatch.setattr(work, "need_of", lambda *_: Need(0, next(left)))


def test_a_level_runs_in_the_first_way_that_fits(monkeypatch):
    with_needs(monkeypatch, [300, 100, 0])
    done = list(chunks(levels=LEVELS[:1], ways=lambda _: WAYS, room=150))
    assert told_at(done, 0) == ["last"]  # the second takes as much as the first, which was seen
    np.testing.assert_array_equal(done[-1].pixels, list(chunks(levels=LEVELS[:1]))[-1].pixels)


def test_what_fits_in_no_way_is_refused_before_a_step(monkeypatch, refused):
    with_needs(monkeypatch, [300, 200, 170])
    with refused("memory"):
        next(chunks(ways=lambda _: WAYS, room=150))


def test_a_later_level_that_cannot_fit_is_refused_before_the_first_begins(monkeypatch, refused):
    state = 3 * 4 * 3 * 8 * 12  # picture and averages in bytes, more or less
    with_needs(monkeypatch, [state + 1000])
    with refused("24x16"):
        next(chunks(ways=lambda _: WAYS, room=state + 1100))


def test_out_of_memory_a_level_goes_on_from_its_last_picture_in_another_way(monkeypatch):
    """One call fails, as where another process has taken the memory meanwhile."""
    original, calls = work.run_steps, []

    def failing(*args, **kwargs):
        compiled = original.lower(*args, **kwargs).compile()

        def run(*args):
            calls.append(kwargs["steps"])
            if len(calls) == 4:
                raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory")
            return compiled(*args)

        run.memory_analysis = lambda: None
        return SimpleNamespace(compile=lambda: run)

    monkeypatch.setattr(work, "run_steps", SimpleNamespace(lower=failing))
    done = list(chunks(stop_every=1, ways=lambda _: WAYS))
    assert [chunk.step for chunk in done if chunk.level == 0] == [1, 2, 3, 4, 5, 6]
    assert [chunk.total_step for chunk in done] == list(range(1, 11))
    first, failed, then = told_at(done, 0)
    assert (first, then) == ("best", "second")
    assert "out of memory at level 1" in failed
    expected = list(chunks(stop_every=1))
    np.testing.assert_allclose(done[-1].pixels, expected[-1].pixels, atol=1e-6)


def test_other_failures_are_raised(monkeypatch):
    def failing(*args, **kwargs):
        def run(*args):
            raise RuntimeError("INTERNAL: something else")

        run.memory_analysis = lambda: None
        return SimpleNamespace(compile=lambda: run)

    monkeypatch.setattr(work, "run_steps", SimpleNamespace(lower=failing))
    with pytest.raises(RuntimeError, match="something else"):
        list(chunks(ways=lambda _: WAYS))
