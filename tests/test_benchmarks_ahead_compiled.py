"""What the programs of accelerators must be, compiled where their compilers are installed."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.ahead.targets import COMPILERS, has_compiler
from nstjax.optimize import OPTIMIZERS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Results of `python -m benchmarks.ahead`: JAX of this process was set up for something else."""

    @functools.cache
    def results(*flags):
        path = tmp_path_factory.mktemp("ahead") / "record.json"
        command = [sys.executable, "-m", "benchmarks.ahead", *flags, "--json", str(path)]
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert run.returncode == 0, run.stderr
        return [row["result"] for row in json.loads(path.read_text())["rows"]]

    return results


def needs_compiler(platform):
    packages, command = COMPILERS[platform]
    reason = f"without {' or '.join(packages)} nothing is compiled for a {platform}: {command}"
    return pytest.mark.skipif(not has_compiler(platform), reason=reason)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "target",
    [
        pytest.param("v5e", marks=needs_compiler("tpu")),
        pytest.param("h100", marks=needs_compiler("gpu")),
    ],
)
def test_eight_devices_never_gather_what_they_share(target, optimizer, compiled):
    tall = ("--sizes", "2048", "--aspect", "0.125")
    flags = ("--target", target, *tall, "--devices", "8", "--optimizers", optimizer)
    (result,) = compiled(*flags)
    assert "all-gather" not in result["collectives"]


@needs_compiler("tpu")
def test_hardly_any_cycle_of_a_tpu_moves_data(compiled):
    (result,) = compiled("--target", "v5e", "--sizes", "768", "--top", "20")
    estimate = result["estimated_by_the_compiler"]
    moving = [each for each in result["costliest"] if each["kind"] == "data movement"]
    assert estimate["cycles_by_kind"]["data movement"] < 0.1 * estimate["cycles"], moving


@needs_compiler("gpu")
@pytest.mark.parametrize("preset", ["default", "gatys2016"])
def test_every_convolution_of_a_gpu_has_its_relu_within(preset, compiled):
    (result,) = compiled("--target", "h100", "--sizes", "256", "--presets", preset)
    assert list(result["activation_modes_forward"]) == ["kRelu"]
