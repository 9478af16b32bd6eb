"""What several tests share."""

import contextlib
import functools

import jax
import pytest
from reference.inputs import random_network

import weights_tools
from nstjax import UserError
from nstjax.vgg import Preprocessing, Weights

# Graphics cards else multiply float32 with the ten bits of TF32, far from the 1e-5 that is asked.
jax.config.update("jax_default_matmul_precision", "highest")

CAFFE = Preprocessing("bgr", 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))


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


@pytest.fixture(scope="session")
def refused():
    """Expect a `UserError` with a message of one line that matches."""

    @contextlib.contextmanager
    def expect(match):
        with pytest.raises(UserError, match=match) as caught:
            yield
        assert "\n" not in str(caught.value)

    return expect
