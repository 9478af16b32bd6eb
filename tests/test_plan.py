"""The plan: what it says of levels, and that a command leaves with it."""

import jax
import pytest
from reference.inputs import picture

from nstjax import Settings
from nstjax.machine.memory import need_of
from nstjax.optimize import plan_levels
from nstjax.plan import make_plan
from nstjax.prepare import prepare
from nstjax.spread import Spread

SETTINGS = Settings(
    content_layers=("relu2_1",),
    style_layers=("relu1_1",),
    size=90,
    coarsest=40,
    steps=3,
    optimizer="adam",
)


@pytest.fixture
def work_in(narrow):
    def work(spread):
        transfer = prepare(
            picture(60, 90), [picture(50, 60)], SETTINGS, weights=narrow("vgg16"), spread=spread
        )
        return transfer.work()

    return work


def test_a_plan_has_the_levels_and_the_memory_of_their_programs(work_in, quick_to_compile):
    work = work_in(Spread())
    plan = make_plan(work, None)
    assert [each.level for each in plan.levels] == list(work.levels)
    programs = list(plan_levels(work))
    pending = work.steps.make_problem(work.levels[0], programs[0].way.layout)
    network = sum(leaf.nbytes for leaf in jax.tree.leaves(pending.network))
    needs = [need_of(one.run_chunk) for one in programs]
    assert [each.step.temporary for each in plan.levels] == [need.temporary for need in needs]
    assert [each.step.held + network for each in plan.levels] == [need.held for need in needs]
    largest = max(each.memory for each in plan.levels)
    assert plan.memory == plan.process + largest
    assert largest == max(plan.levels[-1].step.total, plan.levels[-1].targets.total)
    assert plan.levels[-1].work == pytest.approx(3 * 60 * 90 / 1e6)


def test_tiles_take_less_memory_and_more_work(work_in, quick_to_compile):
    whole, tiles = (make_plan(work_in(Spread(tile)), None).levels[-1] for tile in (None, 32))
    assert tiles.way.layout.tiles > 1
    assert tiles.step.temporary < whole.step.temporary
    assert tiles.work > whole.work


def test_where_the_whole_does_not_fit_tiles_are_planned(work_in, quick_to_compile, monkeypatch):
    monkeypatch.setattr("nstjax.spread.TILES", (64, 32))
    work = work_in(Spread())
    whole = make_plan(work, None)
    room = int(0.8 * whole.levels[-1].memory)
    planned = make_plan(work, room)
    assert planned.levels[-1].way.layout.tiles > 1
    assert "tiles" in planned.levels[-1].way.told
    assert planned.levels[-1].memory <= room
