"""Checkpoints: what a session has kept goes on to the same bits, and nothing else does."""

import dataclasses

import numpy as np
import pytest
from reference.sessions import finished, same
from reference.transfers import CONTENT, OTHER_STYLE, QUICK, STYLE

from nstjax import Region, Session

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def test_two_changes_before_a_step_keep_the_picture(session, network, tmp_path):
    mine = session()
    mine.step()
    before = mine.image()
    mine.change(pooling="average")
    mine.save(tmp_path / "kept")
    other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
    for each in (mine, other):
        each.change(style_scale=(0.5,))
        each.settle()
        np.testing.assert_array_equal(each.image(), before)
    same(finished(mine), finished(other))


def test_a_paused_budget_is_saved_and_goes_on_without(session, network, tmp_path):
    mine = session(dataclasses.replace(QUICK, steps=6))
    seen = []
    mine.run(lambda progress: seen.append(progress) or progress.level == 2, time_budget=3000)
    assert not mine.done
    before = len(mine.history.total)
    mine.save(tmp_path / "kept")
    other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
    mine.step()  # by no clock any more
    assert mine.progress.total_step > before
    result = mine.run()
    assert len(result.history.total) == sum(level.steps for level in result.levels)
    assert other.run().levels[0].steps == result.levels[0].steps


def test_a_finished_session_keeps_no_memory_of_its_optimizer(session, tmp_path):
    mine = session()
    mine.step()
    mine.save(tmp_path / "on the way")
    finished(mine)
    mine.save(tmp_path / "done")
    sizes = [(tmp_path / name).stat().st_size for name in ("on the way", "done")]
    assert sizes[0] > 2 * sizes[1]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"optimizer": "adam", "averaging": 0.9, "carry_moments": True},
        {"photo_weight": 2.0, "color": "histogram"},
    ],
    ids=["lbfgs", "adam", "photo"],
)
def test_a_saved_session_goes_on_to_the_bit(session, network, tmp_path, changed):
    settings = dataclasses.replace(QUICK, **changed)
    expected = finished(session(settings))
    for chunks in range(6):
        mine = session(settings)
        for _ in range(chunks):
            if not mine.done:
                mine.step()
        mine.save(tmp_path / "kept")
        other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
        np.testing.assert_array_equal(other.image(), mine.image())
        assert other.settings == settings
        assert other.done == mine.done
        same(finished(other), expected)
        same(finished(mine), expected)


def test_a_paused_and_changed_session_is_saved_as_it_is(session, network, tmp_path):
    mine = session()
    mine.run(lambda progress: progress.total_step >= 3)  # with a chunk under way
    mine.change(style_weight=0.3)
    mine.change(pooling="average")
    mine.save(tmp_path / "kept")
    other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
    same(finished(other), finished(mine))


def test_a_run_keeps_checkpoints_while_it_goes_on(session, network, tmp_path):
    mine, kept = session(), []

    def keep(_):
        if mine.kept is not None:
            kept.append(mine.kept.to_bytes())
        mine.keep_next()

    expected = mine.run(keep)
    assert len(kept) >= 3
    for data in kept:
        (tmp_path / "kept").write_bytes(data)
        other = Session.load(tmp_path / "kept", CONTENT, STYLE, weights=network("vgg16"))
        assert not other.done or data is kept[-1]
        same(finished(other), expected)


def test_a_session_in_tiles_and_regions_is_taken_up(session, network, tmp_path):
    mask = np.zeros((48, 64))
    mask[:, 20:] = 1
    others = {"regions": [Region(mask, {0: None}), Region(1 - mask, {1: None})], "tile": 64}
    settings = dataclasses.replace(QUICK, size=128, coarsest=64)
    mine = session(settings, styles=[STYLE, OTHER_STYLE], **others)
    mine.step()
    mine.save(tmp_path / "kept")
    pictures = CONTENT, [STYLE, OTHER_STYLE]
    other = Session.load(tmp_path / "kept", *pictures, weights=network("vgg16"), **others)
    mine.step(), other.step()
    np.testing.assert_array_equal(mine.image(), other.image())


def test_other_inputs_are_refused(session, network, tmp_path, refused):
    session().save(tmp_path / "kept")
    load = lambda *pictures, **others: Session.load(  # noqa: E731
        tmp_path / "kept", *pictures, **({"weights": network("vgg16")} | others)
    )
    with refused("the content picture differs"):
        load(1 - CONTENT, STYLE)
    with refused("the style pictures differs?"):
        load(CONTENT, OTHER_STYLE)
    with refused("the network differs"):
        load(CONTENT, STYLE, weights=network("vgg19"))
    with refused("the masks"):
        load(CONTENT, STYLE, regions=[Region(np.ones((48, 64)), {0: None})])
