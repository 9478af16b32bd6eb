"""How pictures look: the judge, the pictures that are kept, and the tables."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.look import run
from benchmarks.look.judge import Judge
from benchmarks.look.painter import is_kept, picture_path
from benchmarks.look.pairs import PAIRS, all_pairs
from benchmarks.look.programs import OURS, PROGRAMS, settings_of
from benchmarks.look.report import dominators, look_report, pairs_table, programs_table
from benchmarks.look.rows import find_row, kept_rows, put_row
from nstjax.images import read, write

SHARED_PICTURES = Path(__file__).parents[2] / "shared" / "images"


def row(pair, program, *, similarity=0.5, nearest=0.2, **others):
    found = {
        "self-similarity": similarity,
        "fine edges": 0.5,
        "coarse edges": 0.6,
        "nearest": nearest,
        "style": 0.1,
        "sliced Wasserstein": 0.1,
        "grain": 1.0,
        "ripples": 0.0,
    }
    return {
        "pair": list(pair),
        "program": program,
        "measures": {**found, **others},
        "seconds": 1.0,
        "work": 50.0,
    }


def noise(height, width):
    return np.random.default_rng(height).random((height, width, 3), np.float32)


FIRST, SECOND, THIRD = all_pairs()[:3]
ABOUT = {"size": 256, "painter": "vgg16", "judge": "other"}


def test_the_table_of_programs_summarizes_the_pairs_that_all_have():
    rows = [
        row(FIRST, OURS, similarity=0.4, nearest=0.1, ripples=1.0, **{"fine edges": 0.2}),
        row(FIRST, "neural-style"),
        row(SECOND, OURS, similarity=0.8, nearest=0.4, ripples=4.0, **{"fine edges": 0.4}),
        row(SECOND, "neural-style"),
        row(THIRD, OURS, nearest=100.0),
    ]
    table = programs_table({**ABOUT, "rows": rows})
    assert "over 2 pairs" in table.caption
    assert [line["program"] for line in table.lines] == [OURS, "neural-style"]
    assert table.lines[0] == {
        "program": OURS,
        "work": "50",
        "self-similarity": "0.6",
        "its least": "0.4",
        "fine edges": "0.3",
        "coarse edges": "0.6",
        "nearest": "0.2",
        "style": "0.1",
        "sliced Wasserstein": "0.1",
        "grain": "1",
        "ripples": "2.5",
    }


@pytest.mark.parametrize(
    ("similarity", "nearest", "dominates"),
    [
        (0.52, 0.18, True),
        (0.52, 0.195, False),  # hardly nearer
        (0.505, 0.1, False),
        (0.9, 0.3, False),
        (0.3, 0.1, False),
        (0.48, 0.22, False),  # ours dominates it
    ],
)
def test_who_is_better_in_both_by_more_than_a_hundredth_dominates(similarity, nearest, dominates):
    rival = row(FIRST, "neural-style", similarity=similarity, nearest=nearest)
    record = {**ABOUT, "rows": [row(FIRST, OURS), rival]}
    (line,) = pairs_table(record).lines
    assert line == {
        "pair": " + ".join(FIRST),
        f"self-similarity: {OURS}": "0.500",
        "self-similarity: neural-style": f"{similarity:.3f}",
        f"nearest: {OURS}": "0.200",
        "nearest: neural-style": f"{nearest:.3f}",
        "dominated by": "neural-style" if dominates else "",
    }
    assert f"both: {int(dominates)} of 1." in look_report(record)


def test_nobody_dominates_what_is_not_there():
    assert dominators({"neural-style": row(FIRST, "neural-style")["measures"]}) == []
    assert look_report({**ABOUT, "rows": []}) == ""


def test_rows_stay_in_order_and_replace_each_other():
    rows = put_row([], row(SECOND, OURS))
    rows = put_row(rows, row(FIRST, "neural-style"))
    rows = put_row(rows, row(FIRST, OURS))
    rows = put_row(rows, row(SECOND, OURS, nearest=0.7))
    keys = [(tuple(each["pair"]), each["program"]) for each in rows]
    assert keys == [(FIRST, OURS), (FIRST, "neural-style"), (SECOND, OURS)]
    assert find_row(rows, row(SECOND, OURS))["measures"]["nearest"] == 0.7
    assert find_row(rows, row(THIRD, OURS)) == {}


def test_an_earlier_record_counts_as_far_as_it_is_of_the_same():
    stale = row(("amber", "candy"), OURS)
    record = {**ABOUT, "rows": [row(FIRST, OURS), stale]}
    assert kept_rows(record, ABOUT) == [row(FIRST, OURS)]
    (judged_otherwise,) = kept_rows(record, {**ABOUT, "judge": "third"})
    assert judged_otherwise.keys() == row(FIRST, OURS).keys() - {"measures"}
    assert programs_table({**ABOUT, "rows": [judged_otherwise]}).lines == []
    assert kept_rows(record, {**ABOUT, "painter": "third"}) == []
    assert kept_rows({"questions": {}}, ABOUT) == []


@pytest.mark.parametrize(
    ("program", "comment", "kept"),
    [
        (OURS, "recipe", True),
        (OURS, "another", False),
        (OURS, "", False),
        ("neural-style", "recipe", True),
        ("neural-style", "another", False),
        ("neural-style", "", True),
    ],
)
def test_a_picture_is_kept_while_its_recipe_is_the_same(program, comment, kept, tmp_path):
    path = picture_path(tmp_path, 256, ("photo", "painting"), program)
    assert path.name == f"256-photo-painting-{program}.png"
    assert not is_kept(path, program, "recipe")
    write(path, np.zeros((8, 8, 3)), comment=comment)
    assert is_kept(path, program, "recipe") == kept


def test_every_program_paints_with_its_own_settings():
    assert list(PROGRAMS) == ["default", "neural-style", "style-transfer-pytorch"]
    for name in PROGRAMS:
        settings = settings_of(name, 320)
        assert settings.size == 320
        assert replace(settings, size=PROGRAMS[name].size) == PROGRAMS[name]


@pytest.mark.skipif(not SHARED_PICTURES.is_dir(), reason="the shared pictures are not here")
def test_the_pictures_of_all_pairs_are_there():
    assert len(all_pairs()) == 16
    for name in {name for pair in all_pairs() for name in pair}:
        assert (SHARED_PICTURES / f"{name}.jpg").is_file()


def test_the_judge_sees_both_at_the_size_of_the_picture(
    network, tmp_path, monkeypatch, quick_to_compile
):
    write(tmp_path / "photo.jpg", noise(64, 96))
    write(tmp_path / "painting.jpg", noise(96, 24))
    sizes = []
    monkeypatch.setattr(
        "benchmarks.look.judge.measure",
        lambda *three: sizes.append([each.pixels.shape[:2] for each in three]) or {},
    )
    judge = Judge(network("vgg16"), tmp_path)
    sights = []
    see = judge.see
    judge.see = lambda pixels: sights.append(pixels.shape) or see(pixels)
    for side in (48, 48, 120):
        judge.measure(np.zeros((side * 2 // 3, side, 3), np.float32), ("photo", "painting"))
    # The painting is 96 pixels long and no longer.
    expected = [(32, 48), (32, 48), (48, 12)], [(80, 120), (80, 120), (96, 24)]
    assert sizes == [expected[0], expected[0], expected[1]]
    assert len(sights) == 3 + 2 + 2  # what was seen once is known


def test_a_run_paints_ours_keeps_rivals_and_tells(
    weights_file, tmp_path, monkeypatch, capsys, refused, quick_to_compile
):
    pictures, output = tmp_path / "pictures", tmp_path / "output"
    pictures.mkdir()
    output.mkdir()
    for name in FIRST:
        write(pictures / f"{name}.jpg", noise(64, 64))
    judge = tmp_path / "judge.safetensors"
    shutil.copy(weights_file, judge)
    monkeypatch.setitem(PROGRAMS, OURS, replace(PROGRAMS[OURS], steps=1, coarse_steps=1))
    rival = picture_path(output, 32, FIRST, "neural-style")
    write(rival, noise(32, 32))
    before = rival.read_bytes()
    options = argparse.Namespace(
        weights=str(weights_file),
        judge=str(judge),
        pictures=pictures,
        output=output,
        size=32,
        pairs=1,
        programs=[OURS, "neural-style"],
    )
    run.run(options)
    assert rival.read_bytes() == before
    record = json.loads((output / "look-32.json").read_text())
    ours, theirs = record["rows"]
    assert (ours["program"], ours["work"], theirs["seconds"], theirs["work"]) == (
        OURS,
        1,
        None,
        200,
    )
    assert ours["seconds"] > 0
    assert capsys.readouterr().out.endswith((output / "look-32.md").read_text())
    assert read(output / f"look-32-{FIRST[0]}.jpg").shape[1] > 4 * 256

    monkeypatch.setattr("benchmarks.look.painter.stylize", None)  # nothing is painted again
    run.run(options)
    assert json.loads((output / "look-32.json").read_text()) == record
    with refused("the judge is the painter"):
        run.run(argparse.Namespace(**{**vars(options), "judge": str(weights_file)}))


def test_every_photograph_has_its_own_paintings():
    assert all(len(set(styles)) == len(styles) == 4 for styles in PAIRS.values())
