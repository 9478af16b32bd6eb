"""What several tests share."""

import contextlib
import functools
import os

# Threads of NumPy's and PyTorch's products wait for each other in a loop: fifteen times slower on a busy
# machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Commands keep compiled programs in the user's cache; tests, and what they start, leave nothing there.
os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"

import jax
import pytest
from reference import transfers
from reference.downloads import CONTENT, hide_the_user, hurry
from reference.file_server import serving
from reference.inputs import random_network
from reference.keras_files import random_tensors, write_keras3
from reference.narrow import CAFFE, narrow_architectures, random_weights

import weights_tools
from nstjax import Session, UserError, together
from nstjax.cli.running import job
from nstjax.optimize import work
from nstjax.vgg import Weights, forms

# Graphics cards else multiply float32 with the ten bits of TF32, far from the 1e-5 that is asked.
jax.config.update("jax_default_matmul_precision", "highest")


@pytest.fixture(scope="session")
def network():
    """Random weights of an architecture by its name, made once."""
    return functools.cache(
        lambda architecture: Weights(architecture, CAFFE, random_network(architecture))
    )


@pytest.fixture(scope="session")
def weights_file(network, tmp_path_factory):
    """A converted file of the random VGG16."""
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    known = network("vgg16")
    weights_tools.write(
        path,
        weights_tools.NetworkWeights(
            known.architecture,
            weights_tools.Preprocessing(*known.preprocessing),
            known.tensors,
            source="random",
            source_sha256="0" * 64,
            license="none",
        ),
    )
    return path


@pytest.fixture
def narrow(monkeypatch):
    """Networks of an eighth of the channels, by their names."""
    narrow_architectures(monkeypatch.setattr)
    return random_weights


@pytest.fixture
def quick_to_compile(monkeypatch):
    """Direct convolutions and few of XLA's optimizations, for tests of something else."""
    monkeypatch.setattr(forms, "WINOGRAD_CHANNELS", 2**30)
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def session(network, monkeypatch):
    """Makes quick sessions: at full size a chunk is a step, and before it is all three."""
    monkeypatch.setattr(work, "CHUNK_PIXELS", {"cpu": 36 * 48})

    def make(settings=transfers.QUICK, content=transfers.CONTENT, styles=transfers.STYLE, **others):
        return Session(content, styles, settings, weights=network("vgg16"), **others)

    return make


@pytest.fixture
def asked(monkeypatch):
    """What the command was going to do, instead of doing it."""
    seen = []
    monkeypatch.setattr(job, "run_job", lambda arguments: seen.append(arguments) or 0)
    return seen


@pytest.fixture(scope="session")
def refused():
    """Expect a `UserError` with a message of one line that matches."""

    @contextlib.contextmanager
    def expect(match):
        with pytest.raises(UserError, match=match) as caught:
            yield
        assert "\n" not in str(caught.value)

    return expect


@pytest.fixture(scope="session")
def whole():
    """Random tensors of VGG16, made once; nobody may change them."""
    tensors = random_tensors("vgg16")
    for each in tensors.values():
        each.flags.writeable = False
    return tensors


@pytest.fixture(scope="session")
def trunk(whole):
    """The first four convolutions: enough for what does not depend on size."""
    return {name: tensor for name, tensor in whole.items() if name[4] in "12"}


@pytest.fixture(scope="session")
def keras_file(whole, tmp_path_factory):
    """The random VGG16 as Keras 3 writes it."""
    path = tmp_path_factory.mktemp("keras") / "vgg16.weights.h5"
    write_keras3(path, whole)
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of converted weights."""
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server():
    """A server of our own that has a small file."""
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """An empty folder for downloads."""
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


@pytest.fixture
def undisturbed(monkeypatch, tmp_path):
    """Nothing of this machine's user is found, and no wait is long."""
    hurry(monkeypatch)
    hide_the_user(monkeypatch, tmp_path)


@pytest.fixture
def painted(monkeypatch):
    """How many pictures each batch had, of all runs."""
    sizes = []
    original = together.paint_together

    def counted(transfers, on_progress):
        sizes.append(len(transfers))
        return original(transfers, on_progress)

    monkeypatch.setattr(together, "paint_together", counted)
    return sizes
