"""What the environment says to JAX and to us: it works, or one line names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import weights_tools
from nstjax import UserError
from nstjax.cli import main
from nstjax.cli.files import inputs
from nstjax.cli.running import begin
from weights_tools.process import dashes

ROOT = str(Path(__file__).parents[1])


def run(program, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ROOT, **environment},
        text=True,
        check=False,
    )


BEGIN = "from nstjax.cli import main; import sys; sys.exit(main())"


@pytest.mark.parametrize(
    "variable",
    [
        "JAX_ENABLE_X64=maybe",
        "JAX_DEFAULT_MATMUL_PRECISION=silly",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=abc",
        pytest.param(
            "XLA_FLAGS=--xla_of_another_version=1",
            marks=pytest.mark.skipif(os.name == "nt", reason="XLA ends the process there"),
        ),
        "JAX_PLATFORMS=cuda",
        "JAX_PLATFORMS=nonsense",
    ],
)
def test_a_variable_that_cannot_work_is_named(variable, tmp_path, weights_file):
    picture = Path(ROOT) / "nstjax" / "demo" / "style.jpg"
    arguments = ["stylize", *[str(picture)] * 2, "-o", str(tmp_path / "out.png")]
    name, _, value = variable.partition("=")
    done = run(BEGIN, *arguments, "--model", str(weights_file), **{name: value})
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert variable in done.stderr


def test_settings_of_jax_that_break_programs_do_not_reach_ours():
    program = (
        "from nstjax.cli.running.begin import begin, NEEDED; begin()\n"
        "import jax; print([getattr(jax.config, name) == NEEDED[name] for name in NEEDED])"
    )
    variables = {
        "JAX_DISABLE_JIT": "1",
        "JAX_ENABLE_X64": "1",
        "JAX_NO_TRACING": "1",
        "JAX_NUMPY_RANK_PROMOTION": "raise",
        "JAX_TRANSFER_GUARD": "disallow",
    }
    done = run(program, **variables)
    assert done.stdout == f"{[True] * len(variables)}\n", done.stderr


def test_jax_of_a_caller_stays_as_it_is(monkeypatch):
    with jax.enable_x64(True):
        begin.begin()
        assert jax.config.jax_enable_x64


@pytest.mark.parametrize("error", [RuntimeError, AssertionError, KeyError])
@pytest.mark.parametrize("name", ["JAX_PLATFORMS", "JAX_PLATFORM_NAME"])
def test_a_device_that_the_environment_hides(error, name, monkeypatch, refused):
    def devices(_):
        raise error

    monkeypatch.setattr(jax, "devices", devices)
    monkeypatch.setenv(name, "gpu")
    with refused(f"'cpu' and with {name}=gpu in the environment"):
        inputs._find_device("cpu")


def test_a_user_without_a_home(monkeypatch):
    def nobody(*_, **__):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("NSTJAX_CACHE", raising=False)
    for found in (nobody, lambda *_, **__: Path("~/.cache/nstjax")):  # versions of platformdirs
        monkeypatch.setattr("platformdirs.user_cache_path", found)
        with pytest.raises(weights_tools.WeightsError, match="no home folder.* set NSTJAX_CACHE"):
            weights_tools.cache_folder()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps folders that somebody is in")
def test_a_working_folder_that_is_gone(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("NSTJAX_CACHE", "caches")
    commands = (
        ["weights", "list"],
        ["explain", "a.png"],
        ["stylize", "a.png", "b.png", "-o", "c.png"],
    )
    for command in commands:
        assert main(command) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
    assert main(["--version"]) == 0


def test_the_version_is_that_of_recipes(capsys):
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nstjax {version('nstjax')}\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("-photo.png style.png -o o.png", "./-photo.png style.png -o o.png"),
        ("-o o.png -- -photo.png s.png", "-o o.png -- ./-photo.png s.png"),
        ("-- -photo.png s.png -o o.png", "./-photo.png s.png -o o.png"),
        ("c.png s.png -o -missing.png", "c.png s.png -o ./-missing.png"),
        ("--size.png s.png -o o.png --size 64", "./--size.png s.png -o o.png --size 64"),
        ("c.png s.png --like.png", "c.png s.png --like.png"),
        ("c.png s.png --masks -photo.png", "c.png s.png --masks ./-photo.png"),
        ("-o o.png -- -typo.png s.png", "-o o.png -- ./-typo.png s.png"),
        ("./-photo.png -o=-photo.png --seed -1", "./-photo.png -o=-photo.png --seed -1"),
    ],
)
def test_a_file_may_begin_with_a_dash(typed, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-photo.png").touch()
    Path("--size.png").touch()
    assert dashes.spelled_out(typed.split()) == meant.split()


@pytest.mark.parametrize(
    "command",
    ["stylize c.png s.png -o -new", "stylize c.png -new -o o.png", "explain -new"],
)
def test_where_a_dash_cannot_work_it_is_said_what_does(command, capsys):
    assert main(command.split()) == 2
    assert "write ./-new" in capsys.readouterr().err
    assert main(["weights", "inspect", "-new"]) == 2
    assert "write ./-new" in capsys.readouterr().err


def test_nothing_is_imported_before_signals_are_caught():
    program = "import sys; from nstjax.cli import main; print(sorted(sys.modules))"
    done = run(program)
    heavy = {"numpy", "tyro", "rich", "jax", "PIL", "typing", "re", "dataclasses"}
    assert not heavy & set(eval(done.stdout)), done.stderr


def test_all_that_is_public_is_found_all_the_same():
    import nstjax

    for package in (nstjax, weights_tools):
        assert set(package.__all__) <= set(dir(package))
        assert all(getattr(package, name) is not None for name in package.__all__)
    assert nstjax.UserError is UserError
