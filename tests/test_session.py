"""Sessions: stepped, looked at and changed, always to the same picture."""

import dataclasses
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from campaigns.changes import campaign
from reference.sessions import finished, same
from reference.transfers import CONTENT, QUICK, STYLE

from nstjax import Session, Settings, reconstruct, stylize, texture
from nstjax import result as results

pytestmark = pytest.mark.usefixtures("quick_to_compile")

TOTAL = QUICK.steps + QUICK.coarse_steps


@pytest.fixture
def compiled(monkeypatch):
    """How many programs were compiled until now, in a list of one number."""
    count = [0]

    def listen(event, duration, **_):
        count[0] += "backend_compile" in event

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield count
    jax.monitoring.unregister_event_duration_listener(listen)


@pytest.mark.parametrize(
    "changed",
    [{}, {"optimizer": "adam", "averaging": 0.9, "carry_moments": True}],
    ids=["lbfgs", "adam"],
)
def test_steps_come_to_the_picture_of_a_call(session, network, changed):
    settings = dataclasses.replace(QUICK, **changed)
    expected = stylize(CONTENT, STYLE, settings, weights=network("vgg16"))
    stepped = session(settings)
    same(finished(stepped), expected)
    assert stepped.done
    assert stepped.progress.total_step == stepped.progress.total_steps == TOTAL


def test_textures_and_reconstructions_are_sessions_too(session, network):
    quick = {name: getattr(QUICK, name) for name in ("size", "coarsest", "level_ratio", "steps")}
    shallow = {"style_layers": ["relu1_1"], "coarse_steps": 2, **quick}
    expected = texture(STYLE, shallow, weights=network("vgg16"))
    same(finished(session(shallow, content=None)), expected)
    shallow = {"content_layers": ["relu1_1"], "coarse_steps": 2, **quick}
    expected = reconstruct(CONTENT, shallow, weights=network("vgg16"))
    same(finished(session(shallow, styles=None)), expected)


def test_without_any_picture_there_is_no_session(session, refused):
    with refused("neither content nor styles"):
        session(content=None, styles=None)


def test_there_is_a_picture_before_the_first_step_and_after_the_last_none_more(session, refused):
    mine = session()
    assert mine.image().shape == (18, 24, 3)
    assert mine.progress is None
    assert len(mine.history.total) == 0
    assert mine.result().stopped
    assert mine.result().image.shape == (36, 48, 3)
    finished(mine)
    with refused("all steps are done: change a setting"):
        mine.step()


def test_a_run_may_be_paused_anywhere_and_goes_on_to_the_same_picture(session):
    expected = finished(session())
    for stop in range(1, TOTAL):
        paused = session()
        result = paused.run(lambda progress, stop=stop: progress.total_step >= stop)
        assert result.stopped == (len(result.history.total) < TOTAL)
        same(paused.run(), expected)


def test_pause_ends_a_run_in_another_thread(session):
    mine = session(dataclasses.replace(QUICK, steps=5000))
    seen = threading.Event()
    thread = threading.Thread(target=lambda: mine.run(lambda _: seen.set()))
    thread.start()
    assert seen.wait(60)
    mine.pause()
    thread.join(60)
    assert not thread.is_alive()
    assert not mine.done


NUMBERS = {
    "content_weight": 3.0,
    "style_weight": 0.5,
    "tv_weight": 40.0,
    "style_layer_weights": (1.0, 9.0),
    "learning_rate": 0.5,
    "averaging": 0.5,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_compiles_nothing_and_shows_within_one_chunk(session, compiled, name):
    still, turned = session(), session()
    for each in (still, turned):
        each.step()
        each.step()
        each.step()  # with the program of the second level compiled
    before = compiled[0]
    assert turned.change(**{name: NUMBERS[name]}) == ()
    still.step(), turned.step()
    assert compiled[0] == before
    assert getattr(turned.settings, name) == NUMBERS[name]
    history = turned.history.total, still.history.total
    assert np.array_equal(*(each[:5] for each in history))
    if "weight" in name:  # told before the step
        assert history[0][5] != history[1][5]
    assert not np.array_equal(turned.image(), still.image())


def test_numbers_changed_at_the_beginning_are_those_of_a_call(session, network):
    changed = session()
    changed.change(content_weight=3.0, averaging=0.5)
    settings = dataclasses.replace(QUICK, content_weight=3.0, averaging=0.5)
    same(finished(changed), stylize(CONTENT, STYLE, settings, weights=network("vgg16")))


def test_other_settings_start_the_level_again_from_the_picture(session):
    mine = session()
    for _ in range(3):
        mine.step()
    before = mine.image()
    done = len(mine.history.total)
    assert mine.change(pooling="average", content_weight=2.0) == ("pooling",)
    np.testing.assert_array_equal(mine.image(), before)
    result = finished(mine)
    assert result.settings == dataclasses.replace(QUICK, pooling="average", content_weight=2.0)
    assert len(result.history.total) == done + QUICK.steps
    assert sum(level.steps for level in result.levels) == len(result.history.total)
    assert [level.steps for level in result.levels] == [3, done - 3, QUICK.steps]


def test_a_larger_size_goes_on_at_the_nearest_level(session):
    mine = session()
    finished(mine)
    assert mine.change(size=96) == ("size",)
    assert not mine.done
    result = finished(mine)
    assert result.image.shape == (72, 96, 3)
    assert [(each.height, each.width) for each in result.levels] == [
        *[(18, 24), (36, 48)],
        *[(36, 48), (72, 96)],
    ]


def test_another_first_picture_begins_afresh(session, network):
    mine = session()
    mine.step()
    mine.step()
    assert mine.change(init="noise", seed=3) == ("init", "seed")
    result = finished(mine)
    settings = dataclasses.replace(QUICK, init="noise", seed=3)
    expected = stylize(CONTENT, STYLE, settings, weights=network("vgg16"))
    np.testing.assert_array_equal(result.image, expected.image)


def test_a_number_changed_after_the_end_goes_on_with_the_last_level(session):
    mine = session()
    first = finished(mine)
    assert mine.change(style_weight=0.1) == ("style_weight",)
    second = finished(mine)
    assert len(second.history.total) == len(first.history.total) + QUICK.steps
    assert not np.array_equal(first.image, second.image)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        (
            {"content_weigth": 1.0},
            "unknown setting 'content_weigth': did you mean 'content_weight'",
        ),
        ({"content_weight": -1.0}, "content_weight is -1.0: give at least 0"),
        ({"size": 10**9}, "size|memory"),
        ({"init": "nowhere.png"}, "there is no file 'nowhere.png'"),
        ({"style_blend": (1.0, 2.0)}, "style_blend"),
    ],
)
def test_what_cannot_be_changes_nothing(session, refused, changed, match):
    mine = session()
    mine.step()
    before = mine.settings
    with refused(match):
        mine.change(**changed)
    assert mine.settings == before
    same(finished(mine), finished(session()))


class Enough(BaseException):
    """What comes in the middle of something, as a `KeyboardInterrupt`."""


def raising(at):
    def on_progress(progress):
        if progress.total_step >= at:
            raise Enough

    return on_progress


@pytest.mark.parametrize("at", [3, 5])
def test_what_on_progress_raises_pauses_the_work(session, at):
    mine = session()
    with pytest.raises(Enough):
        mine.run(raising(at))
    assert not mine.done
    same(mine.run(), finished(session()))


def test_after_an_error_within_a_step_it_goes_on_from_the_last_picture(
    session, network, tmp_path, monkeypatch
):
    mine = session()
    mine.step()
    mine.step()
    before = mine.image()
    with monkeypatch.context() as patched:
        patched.setattr(jax, "block_until_ready", lambda _: raising(0)(mine.progress))
        with pytest.raises(Enough):
            mine.step()
    np.testing.assert_array_equal(mine.image(), before)
    assert not mine.done
    mine.save(tmp_path / "kept")
    other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
    result = finished(mine)
    assert len(result.history.total) == TOTAL
    assert [level.steps for level in result.levels] == [3, 1, 3]
    same(finished(other), result)


def test_a_loss_that_is_not_finite_is_no_part_of_the_history(session, monkeypatch):
    mine = session()
    mine.step()
    mine.step()

    def nan(*_):
        raise FloatingPointError("the loss became nan")

    with monkeypatch.context() as patched:
        patched.setattr(results, "_check_finite", nan)
        with pytest.raises(FloatingPointError):
            mine.step()
    assert len(mine.history.total) == 4
    mine.change(learning_rate=0.1)
    assert len(mine.run().history.total) == TOTAL


def test_what_comes_while_the_last_chunk_is_under_way_is_too_late(session):
    mine = session()
    changed = []

    def late(progress):
        if progress.total_step == TOTAL - 1:
            changed.append(mine.change(content_weight=9.0))

    result = mine.run(late)
    assert changed == [()]
    assert mine.settings.content_weight == result.settings.content_weight == QUICK.content_weight


def test_a_pause_before_a_run_is_for_that_run(session):
    mine = session()
    mine.pause()
    assert len(mine.run().history.total) == 0
    same(mine.run(), finished(session()))


def test_it_shows_itself_in_a_notebook_at_any_time(session):
    mine = session()
    assert "24x18, 0 of 7 steps" in mine._repr_html_()
    mine.step()
    text = mine._repr_html_()
    assert "24x18, 3 of 7 steps" in text
    assert "<svg" in text


def test_changes_at_random_never_break_it(session):
    """Of which a hundred are a campaign."""
    found = campaign(session(), 12, seed=1)
    assert found["started a level again"]
    assert found["told the compiled program"]


def test_settings_that_a_program_is_told_are_all_that_it_is_told(session):
    """A new setting is known to `change`: as a number, or as one that starts the level again."""
    mine = session()
    for field in dataclasses.fields(Settings):
        assert mine.change(**{field.name: getattr(QUICK, field.name)}) == ()


def test_the_averages_of_pictures_go_on_where_averaging_is_turned(session):
    mine = session(dataclasses.replace(QUICK, averaging=0.9))
    mine.step()
    mine.change(averaging=0.0)
    mine.step()
    assert bool(jnp.isfinite(mine.image()).all())
