"""One of two hosts, four forced devices each, that paint a picture together: NUMBER PORT FILE."""

import os
import sys

import jax
import numpy as np
from reference.inputs import picture
from reference.narrow import narrow_architectures, random_weights
from reference.several_devices import HEIGHT, SETTINGS, WIDTH

from nstjax import stylize
from nstjax.machine.hosts import any_of_hosts, is_first, join, least_of_hosts


def main() -> None:
    """Paints on all devices, and on one, and writes both."""
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"  # read when JAX starts
    number, port, file = int(sys.argv[1]), *sys.argv[2:]
    join(f"127.0.0.1:{port},{number},2")
    assert len(jax.devices()) == 2 * len(jax.local_devices()) == 8
    assert any_of_hosts(number == 1)
    assert not any_of_hosts(False)
    assert least_of_hosts(5 + number) == least_of_hosts(None if number else 5) == 5
    narrow_architectures()
    jax.config.update("jax_disable_most_optimizations", True)
    work = {"weights": random_weights("vgg16"), "settings": SETTINGS}
    pictures = picture(HEIGHT, WIDTH) ** 2, [picture(83, 40)]
    together = stylize(*pictures, **work, devices="all")
    alone = stylize(*pictures, **work)
    np.savez(f"{file}.{number}.npz", together=together.image, alone=alone.image)
    assert is_first() == (number == 0)


if __name__ == "__main__":
    main()
