import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference.transfers import CONTENT, OTHER_STYLE, QUICK, QUICK_FIELDS, STYLE

from nstjax import Settings, reconstruct, stylize, texture
from nstjax.images import resize
from nstjax.losses import photorealism, prepare_matting
from nstjax.optimize import Level
from nstjax.problem.pictures import style_sizes

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.fixture(scope="module")
def weights(network):
    return network("vgg16")


@pytest.fixture(scope="module")
def result(weights):
    return stylize(CONTENT, STYLE, QUICK, weights=weights)


def test_the_result_has_the_contents_shape_at_the_size_asked_for(result):
    assert result.image.shape == (36, 48, 3)
    assert result.image.dtype == np.float32
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert not result.stopped
    assert result.settings == QUICK


def test_the_history_holds_every_step_of_every_level(result):
    assert [(level.height, level.width, level.steps) for level in result.levels] == [
        (18, 24, 3),
        (36, 48, 4),
    ]
    for term in result.history:
        assert term.shape == (7,)
    history = result.history
    total = sum(
        getattr(QUICK, f"{name}_weight") * getattr(history, name)
        for name in ("content", "style", "tv")
    )
    np.testing.assert_allclose(history.total, total, rtol=1e-5)


def test_the_loss_falls_within_each_level(result):
    assert result.history.total[2] < result.history.total[0]
    assert result.history.total[6] < result.history.total[3]


def test_starting_from_the_content_its_distance_from_itself_is_zero(weights, result):
    own = Settings(**QUICK_FIELDS | {"content_target": "content", "coarse_steps": 0, "steps": 1})
    found = stylize(CONTENT, STYLE, own, weights=weights)
    assert found.history.content[0] == pytest.approx(0, abs=1e-6)
    assert result.history.content[0] > 0.01  # from what of the style is nearest


def test_the_same_seed_gives_the_same_bits(weights):
    noisy = {"size": 32, "init": "noise", "coarsest": 32, "steps": 3}
    settings = [Settings(**QUICK_FIELDS | noisy | {"seed": seed}) for seed in (5, 5, 6)]
    first, again, other = (stylize(CONTENT, STYLE, each, weights=weights) for each in settings)
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_both_optimizers_lower_the_loss(weights, optimizer):
    settings = Settings(**QUICK_FIELDS | {"optimizer": optimizer, "coarse_steps": 0, "steps": 8})
    total = stylize(CONTENT, STYLE, settings, weights=weights).history.total
    assert total[-1] < 0.8 * total[0]


def test_bfloat16_features_reach_about_the_same_loss(weights, result):
    settings = Settings(**QUICK_FIELDS | {"precision": "bfloat16"})
    total = stylize(CONTENT, STYLE, settings, weights=weights).history.total
    np.testing.assert_allclose(total[0], result.history.total[0], rtol=0.02)
    np.testing.assert_allclose(total[-1], result.history.total[-1], rtol=0.2)


def test_arrays_of_any_kind_give_the_same_picture(weights):
    settings = Settings(**QUICK_FIELDS | {"coarse_steps": 0, "steps": 2})
    content, style = np.uint8(255 * CONTENT), np.uint8(255 * STYLE)
    from_bytes = stylize(content, style, settings, weights=weights)
    from_jax = stylize(jnp.array(content), [jnp.array(style)], settings, weights=weights)
    from_floats = stylize(content / 255, style / 255, settings, weights=weights)
    np.testing.assert_array_equal(from_bytes.image, from_jax.image)
    np.testing.assert_allclose(from_bytes.image, from_floats.image, atol=1e-4)


def test_a_style_twice_is_that_style_and_two_styles_are_not_one(weights):
    settings = Settings(**QUICK_FIELDS | {"coarse_steps": 0, "steps": 2})
    once = stylize(CONTENT, STYLE, settings, weights=weights)
    twice = stylize(CONTENT, [STYLE, STYLE], settings, weights=weights)
    mixed = stylize(CONTENT, [STYLE, OTHER_STYLE], settings, weights=weights)
    np.testing.assert_allclose(once.history.style, twice.history.style, rtol=1e-5)
    assert abs(mixed.history.style[0] / once.history.style[0] - 1) > 0.01


def test_styles_are_blended_by_their_weights(weights, refused):
    def first_losses(styles, **others):
        settings = Settings(**QUICK_FIELDS | {"coarse_steps": 0, "steps": 1} | others)
        return stylize(CONTENT, styles, settings, weights=weights).history.style[0]

    both = [STYLE, OTHER_STYLE]
    for blend, alone in (((1, 0), STYLE), ((0, 7.5), OTHER_STYLE)):
        assert first_losses(both, style_blend=blend) == pytest.approx(first_losses(alone), rel=1e-6)
    # Only the ratio counts.
    third = first_losses(both, style_blend=(1, 3))
    assert third == pytest.approx(first_losses(both, style_blend=(0.5, 1.5)), rel=1e-6)
    assert third != pytest.approx(first_losses(both), rel=0.01)
    with refused(r"style_blend is \(1, 3\) for 1 style pictures: give one number for each"):
        first_losses(STYLE, style_blend=(1, 3))


def test_a_scaled_style_is_seen_larger_or_smaller_and_never_enlarged(weights):
    level, style = Level(36, 48, 1), np.zeros((112, 80, 3))
    settings = Settings(style_scale=(0.5, 1, 2, 9))
    sizes = style_sizes(style, level, level, settings)
    assert sizes == [(24, 17), (48, 34), (96, 69), (112, 80)]
    one_step = QUICK_FIELDS | {"coarse_steps": 0, "steps": 1}
    scaled, itself = (
        stylize(CONTENT, style, Settings(**one_step | {"style_scale": (scale,)}), weights=weights)
        for style, scale in ((STYLE, 0.5), (resize(STYLE, 24, 17), 1.0))
    )
    assert scaled.history.style[0] == pytest.approx(itself.history.style[0], rel=1e-6)


def test_several_scales_are_mixed_and_another_size_follows_the_levels(weights):
    one_step = QUICK_FIELDS | {"coarse_steps": 0, "steps": 1}

    def first(styles, **others):
        settings = Settings(**one_step | others)
        return stylize(CONTENT, styles, settings, weights=weights).history.style[0]

    mixed = first([resize(STYLE, 48, 34), resize(STYLE, 24, 17)])
    assert first(STYLE, style_scale=(1.0, 0.5)) == pytest.approx(mixed, rel=1e-6)
    small = first(STYLE, style_scale=(0.5,))
    assert first(STYLE, style_size=24) == pytest.approx(small, rel=1e-6)
    level, style = Level(18, 24, 1), np.zeros((112, 80, 3))
    halved = style_sizes(style, level, Level(36, 48, 1), Settings(style_size=70))
    assert halved == [(35, 25)]


def test_a_texture_has_the_styles_statistics_and_no_content(weights):
    settings = Settings(**QUICK_FIELDS | {"init": "noise", "aspect": 1.5, "steps": 20})
    found = texture(STYLE, settings, weights=weights)
    assert found.image.shape == (32, 48, 3)
    assert not found.history.content.any()
    assert found.history.style[-1] < 0.2 * found.history.style[0]
    assert found.settings.content_layers == ()
    other = texture([STYLE], dataclasses.replace(settings, seed=1), weights=weights)
    assert not np.array_equal(found.image, other.image)


def test_a_reconstruction_nears_the_content_and_has_no_style(weights):
    settings = Settings(
        **QUICK_FIELDS | {"init": "noise", "steps": 60, "content_layers": ("relu1_1",)}
    )
    settings = dataclasses.replace(settings, content_weight=1, tv_weight=0, coarse_steps=0)
    found = reconstruct(CONTENT, settings, weights=weights)
    assert not found.history.style.any()
    content = resize(CONTENT, 36, 48)
    assert np.abs(found.image - content).mean() < 0.1 * np.abs(content - 0.5).mean()


def test_a_photograph_stays_one_and_is_recolored_all_the_same(weights, result, refused):
    settings = Settings(**QUICK_FIELDS | {"photo_weight": 30.0})
    found = stylize(CONTENT, STYLE, settings, weights=weights)
    content = resize(CONTENT, 36, 48)
    matting = prepare_matting(content)
    painted, recolored = (float(photorealism(each.image, matting)) for each in (result, found))
    assert recolored < 0.1 * painted
    assert np.abs(found.image - content).mean() > 0.01
    assert found.history.photo[3:].max() > 0
    assert not result.history.photo.any()
    with refused("photo_weight is 30.0 and there is no content picture: leave it out"):
        texture(STYLE, settings, weights=weights)


def test_progress_tells_where_the_work_is(weights):
    seen = []
    stylize(CONTENT, STYLE, QUICK, weights=weights, on_progress=seen.append, report_every=1)
    assert [(each.level, each.step, each.total_step) for each in seen] == [
        *((1, step, step) for step in (1, 2, 3)),
        *((2, step, 3 + step) for step in (1, 2, 3, 4)),
    ]
    fractions = [each.fraction for each in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert seen[0].image().shape == (18, 24, 3)
    assert seen[-1].image().shape == (36, 48, 3)
    assert all(len(each.losses.total) == 1 for each in seen)


@pytest.mark.parametrize("stop_at", [2, 5])
def test_stopping_returns_the_picture_so_far_at_full_size(weights, stop_at):
    seen = []

    def stop(progress):
        seen.append(progress)
        return progress.total_step == stop_at

    result = stylize(CONTENT, STYLE, QUICK, weights=weights, on_progress=stop, report_every=1)
    assert result.stopped
    assert result.image.shape == (36, 48, 3)
    assert len(result.history.total) == stop_at
    if seen[-1].level == 2:
        np.testing.assert_array_equal(result.image, seen[-1].image())


def test_a_loss_that_is_not_a_number_is_an_error(weights):
    huge = {name: tensor * np.float32(1e6) for name, tensor in weights.tensors.items()}
    broken = type(weights)(weights.architecture, weights.preprocessing, huge)
    settings = Settings(**QUICK_FIELDS | {"style_loss": "gram_sum", "style_weight": 1e9})
    with pytest.raises(FloatingPointError, match="learning_rate"):
        stylize(CONTENT, STYLE, settings, weights=broken)


def test_other_loss_weights_reuse_the_compiled_step(weights):
    compiled = []

    def listen(event, _seconds, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    jax.clear_caches()
    settings = [
        Settings(**QUICK_FIELDS | {"content_weight": value, "photo_weight": 10 * value})
        for value in (0.1, 0.7)
    ]
    stylize(CONTENT, STYLE, settings[0], weights=weights)
    assert compiled
    compiled.clear()
    stylize(CONTENT, STYLE, settings[1], weights=weights)
    assert not compiled


@pytest.mark.parametrize(
    ("content", "styles", "match"),
    [
        (CONTENT[..., :2], STYLE, "the content picture has shape"),
        (CONTENT, [], "no style picture"),
        (CONTENT, np.full_like(STYLE, np.nan), "the style picture"),
        (CONTENT[:1], STYLE, "the content picture has only"),
        (CONTENT, STYLE[:1], "the style picture has only 40x1"),
    ],
)
def test_pictures_that_cannot_work_are_refused(weights, content, styles, match, refused):
    with refused(match):
        stylize(content, styles, QUICK, weights=weights)


def test_it_runs_inside_another_default_device(weights, result):
    with jax.default_device(jax.devices("cpu")[0]):
        again = stylize(CONTENT, STYLE, QUICK, weights=weights)
    np.testing.assert_allclose(again.image, result.image, atol=1e-3)
