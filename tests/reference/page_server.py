"""A page that paints with small random networks, until its standard input ends: a process of its own.

Gradio leaves event loops behind, which a test of something else would be told of.
"""

import json
import sys

import jax
from reference.narrow import narrow_architectures, random_weights

from nstjax.vgg import forms
from nstjax.web.limits import Limits
from nstjax.web.order import Engine
from nstjax.web.serving import serving


def main() -> None:
    """Prints the address, and serves; the argument has the limits as JSON."""
    narrow_architectures()
    forms.WINOGRAD_CHANNELS = 2**30
    jax.config.update("jax_disable_most_optimizations", True)
    engine = Engine(random_weights("vgg16"), "small", "", jax.devices("cpu")[0])
    limits = Limits(**json.loads(sys.argv[1]))
    with serving(engine, limits, host="127.0.0.1", port=0) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
