"""The notebook for machines of others, run from top to bottom."""

import json
import os
from pathlib import Path

import pytest

import weights_tools
from nstjax import Settings

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "benchmarks" / "colab.ipynb"


def load():
    return nbformat.read(NOTEBOOK, as_version=4)


def cell(notebook, name):
    return next(each for each in notebook.cells if each.id == name)


def test_it_is_stored_without_outputs():
    notebook = load()
    nbformat.validate(notebook)
    for each in notebook.cells:
        assert not each.get("outputs")
        assert each.get("execution_count") is None


@pytest.mark.parametrize(
    ("source", "extra", "asked"),
    [
        ("https://example.org/nstjax.git", "", "nstjax @ git+https://example.org/nstjax.git"),
        ("git+ssh://example.org/nstjax", "tpu", "nstjax[tpu] @ git+ssh://example.org/nstjax"),
        (str(ROOT), "cuda", f"{ROOT}[cuda]"),
    ],
)
def test_it_asks_pip_for_what_the_machine_needs(source, extra, asked):
    # Where the package is there already, nothing is installed.
    names = {"os": os}
    exec(cell(load(), "install").source, names)
    assert names["requirement"](source, extra) == asked


def test_it_runs_and_ends_with_a_record(tmp_path, monkeypatch):
    try:
        weights_tools.fetch("vgg16-hed")
    except weights_tools.WeightsError as error:
        pytest.skip(f"the trained network is not here: {error}")
    for name, value in {
        "NSTJAX_SIZE": "48",
        "NSTJAX_STEPS": "3",
        "NSTJAX_SOURCE": str(tmp_path / "nowhere"),  # nothing may be installed
        "JAX_PLATFORMS": "cpu",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "PYTHONPATH": str(ROOT),
    }.items():
        monkeypatch.setenv(name, value)
    notebook = load()
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=300).execute(cwd=str(tmp_path))
    record = json.loads((tmp_path / "nstjax_record.json").read_text())
    assert record == json.loads(cell(notebook, "record").outputs[0].text)
    assert (record["platform"], record["width"]) == ("cpu", 48)
    assert record["steps"] == 3 < Settings().steps
    assert [row["optimizer"] for row in record["measured"]] == ["lbfgs", "adam"]
    assert all(
        0 < row["seconds_a_step"] < record["seconds_to_picture"] for row in record["measured"]
    )
    (watched,) = cell(notebook, "paint").outputs
    (shown,) = cell(notebook, "picture").outputs
    for output, told in ((watched, "step 3 of 3"), (shown, ", 3 steps")):
        assert told in output.data["text/html"]
        assert "data:image/png;base64," in output.data["text/html"]
        assert "<svg" in output.data["text/html"]
