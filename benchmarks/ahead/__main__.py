"""What accelerators would do in a step, read from the compiled program: `python -m benchmarks.ahead`.

    python -m benchmarks.ahead --target v5e h100 --sizes 1024 --optimizers adam lbfgs --top 30

Compiles the real step from shapes alone, for devices that need not be there. Of a TPU the cycles are
estimated by the compiler; of a GPU the bytes that kernels read and write are counted in the compiled
program. Neither is a time. Needs `pip install ".[ahead]"` for TPUs, and for GPUs `jax[cuda12]`.
"""

import os
import sys

from nstjax.cli.main import fail

# All before JAX is imported. Nothing is run, so no accelerator is looked for; libtpu asks no server
# what it runs on, and may be used by another process; and kernels cannot be timed against each other.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["TPU_SKIP_MDS_QUERY"] = "1"
os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "1"
# What libtpu would else look for, and print that it is not there.
os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-4")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_gpu_autotune_level=0"


def main() -> int:
    """Runs it; a mistake, or a compiler that is not there, gives one line and exit code 2."""
    from benchmarks.ahead.arguments import parse
    from benchmarks.ahead.run import run
    from nstjax.errors import UserError

    try:
        run(parse(description=__doc__ or ""))
    except UserError as error:
        return fail(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
