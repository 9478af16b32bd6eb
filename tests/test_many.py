"""Many pictures in one call: each is what it is alone, and one that cannot be costs no other."""

import numpy as np
import pytest
from PIL import Image
from reference.transfers import CONTENT, OTHER_STYLE, QUICK, STYLE

import nstjax
from nstjax import Result, UserError, together

pytestmark = pytest.mark.usefixtures("quick_to_compile")

OTHER = 1 - 0.7 * CONTENT[::-1]
TALL = np.ascontiguousarray(np.swapaxes(CONTENT, 0, 1))


@pytest.fixture(scope="module")
def weights(network):
    return network("vgg16")


def same(found, content, styles, weights, settings=QUICK):
    alone = nstjax.stylize(content, styles, settings, weights=weights)
    np.testing.assert_allclose(found.image, alone.image, atol=2e-4)
    for terms, expected in zip(found.history, alone.history, strict=True):
        np.testing.assert_allclose(terms, expected, rtol=1e-3, atol=1e-7)
    assert (found.settings, found.levels, found.stopped) == (settings, alone.levels, False)


@pytest.mark.parametrize("target", ["nearest", "content"])
def test_every_content_in_every_style_is_what_it_is_alone(weights, painted, target):
    """Contents of one size go together, whatever the styles' sizes; one of another size is alone."""
    settings = nstjax.Settings(**{**vars(QUICK), "content_target": target})
    contents, styles = [CONTENT, TALL, OTHER], [STYLE, [OTHER_STYLE, STYLE[:, ::-1]]]
    found = list(nstjax.batch(contents, styles, settings, weights=weights))
    assert painted == [4, 2]
    assert [each[:2] for each in found] == [(0, 0), (0, 1), (2, 0), (2, 1), (1, 0), (1, 1)]
    for each in found:
        same(each.result, contents[each.content], styles[each.style], weights, settings)


def test_what_is_of_each_picture_alone_is_so_in_a_batch(weights):
    """Its colors, its photograph, its own start."""
    values = {"color": "luminance", "photo_weight": 50.0, "init": "recolored", "coarse_steps": 0}
    settings = nstjax.Settings(**{**vars(QUICK), **values})
    for each in nstjax.batch([CONTENT, OTHER], STYLE, settings, weights=weights):
        same(each.result, [CONTENT, OTHER][each.content], STYLE, weights, settings)


def test_pairs_in_order(weights):
    contents, styles = [CONTENT, OTHER], [OTHER_STYLE, STYLE]
    found = list(nstjax.batch(iter(contents), iter(styles), QUICK, pairs=True, weights=weights))
    assert [each[:2] for each in found] == [(0, 0), (1, 1)]
    for each in found:
        same(each.result, contents[each.content], styles[each.style], weights)


def test_a_bad_picture_costs_no_other(weights, painted):
    tiny = CONTENT[:1, :1]
    bad = [CONTENT + 7, None, "photo.jpg", tiny, Image.new("RGB", (64, 48), "teal")]
    found = list(nstjax.batch([CONTENT, *bad, OTHER], [STYLE], QUICK, weights=weights))
    results = {each.content: each.result for each in found}
    assert sorted(results) == list(range(7))
    assert sum(painted) == 3
    for place, why in enumerate(("outside", "is None", "use nstjax.images.read", "only 1x1"), 1):
        assert isinstance(results[place], UserError)
        assert why in str(results[place])
        assert f"contents[{place}]" in str(results[place]) or place == 2
    for place in (0, 5, 6):
        assert isinstance(results[place], Result)
    same(results[6], OTHER, STYLE, weights)
    (broken,) = nstjax.batch(CONTENT, [[STYLE, STYLE - 3]], QUICK, weights=weights)
    assert "styles[0][1]" in str(broken.result)


def test_a_loss_that_becomes_nan_costs_no_other(weights):
    huge = {name: tensor * np.float32(1e5) for name, tensor in weights.tensors.items()}
    network = type(weights)(weights.architecture, weights.preprocessing, huge)
    settings = {
        "content_layers": ["relu1_1"],
        "style_layers": ["relu1_1"],
        "style_loss": "gram_sum",
        "size": 32,
        "steps": 2,
        "coarse_steps": 0,
        "init": "content",
    }
    black = np.zeros((24, 32, 3), np.float32)
    results = [
        each.result for each in nstjax.batch([CONTENT, black], STYLE, settings, weights=network)
    ]
    assert any(isinstance(each, FloatingPointError) for each in results)
    assert len(results) == 2


def test_nothing_is_painted_before_it_is_asked_for(weights, painted, monkeypatch):
    monkeypatch.setattr(together, "LARGEST_BATCH", 1)
    found = nstjax.batch([CONTENT, OTHER], STYLE, QUICK, weights=weights)
    assert not painted
    next(found)
    assert painted == [1]


def test_progress_is_of_all_and_stops_all(weights):
    seen = []

    def stop(progress):
        seen.append(progress)
        return True

    contents = [CONTENT, OTHER, TALL]
    found = list(nstjax.batch(contents, STYLE, QUICK, weights=weights, on_progress=stop))
    assert [(each.content, each.result.stopped) for each in found] == [(0, True), (1, True)]
    (progress,) = seen
    assert progress.image().shape == (2, 18, 24, 3)


@pytest.mark.parametrize(
    ("given", "others", "match"),
    [
        (([], STYLE), {}, "no content picture was given"),
        ((CONTENT, []), {}, "no style picture was given"),
        ((CONTENT, [STYLE, []]), {}, "no style picture was given"),
        (({1: CONTENT}, STYLE), {}, "contents is a dict"),
        (([CONTENT] * 2, [STYLE] * 3), {"pairs": True}, "contents has 2 pictures and styles 3"),
        ((CONTENT, STYLE, "gatys"), {}, "unknown preset"),
        ((CONTENT, STYLE, {"style_blend": [1, 2]}), {}, "for 1 style pictures"),
        ((CONTENT, STYLE, {"init": "nothing.png"}), {}, "there is no file"),
        ((CONTENT, STYLE, {"content_layers": []}), {}, "at least one layer"),
        ((CONTENT, STYLE), {"on_progress": 3}, "on_progress is 3"),
        ((CONTENT, STYLE), {"weights": "missing.safetensors"}, "missing.safetensors"),
    ],
)
def test_what_concerns_all_is_told_at_the_call(weights, refused, given, others, match):
    with refused(match):
        nstjax.batch(*given, **{"weights": weights, **others})


def test_photographs_of_pillow_are_as_large_as_they_are_shown(weights, painted):
    """A camera held upright: width and height in the file change places."""
    turned = Image.new("RGB", (64, 48), "olive")
    turned.getexif()[0x0112] = 6
    found = list(nstjax.batch([turned, TALL], STYLE, QUICK, weights=weights))
    assert painted == [2]
    assert {each.result.image.shape for each in found} == {(48, 36, 3)}
