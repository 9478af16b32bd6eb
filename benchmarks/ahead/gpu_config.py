"""What XLA's compiler asks to know of a graphics card that is not there.

The facts are those of `xla/backends/gpu/target_config/specs` in openxla/xla, where what a card of
the same generation shares with others is left out of the table.
"""

from typing import NamedTuple


class Gpu(NamedTuple):
    """One card."""

    name: str
    capability: str  # major of the compute capability, and its feature extension
    cores: int
    units: int  # for float32, of a core
    shared_memory: int  # bytes of a core
    l2_cache: int  # bytes
    memory: int  # bytes
    bandwidth: int  # bytes a second
    clock: float  # GHz
    flops: float  # a second in bfloat16, dense


HOPPER = Gpu(
    name="NVIDIA H100 80GB HBM3",
    capability="major: 9 feature_extension: ACCELERATED_FEATURES",
    cores=132,
    units=128,
    shared_memory=233472,
    l2_cache=52428800,
    memory=84942979072,
    bandwidth=3352320000000,
    clock=1.98,
    flops=989e12,
)
GPUS = {
    "a100": Gpu(
        name="NVIDIA A100-SXM4-80GB",
        capability="major: 8 feature_extension: NONE",
        cores=108,
        units=64,
        shared_memory=167936,
        l2_cache=41943040,
        memory=85100068864,
        bandwidth=2039040000000,
        clock=1.41,
        flops=312e12,
    ),
    "h100": HOPPER,
    "h200": HOPPER._replace(
        name="NVIDIA H200 141GB HBM3e", memory=151397597184, bandwidth=4800000000000
    ),
    "b200": Gpu(
        name="NVIDIA B200",
        capability="major: 10 feature_extension: ACCELERATED_FEATURES",
        cores=148,
        units=128,
        shared_memory=233472,
        l2_cache=132644864,
        memory=191514411008,
        bandwidth=7672320000000,
        clock=1.965,
        flops=2250e12,
    ),
}


def gpu_config(gpu: Gpu) -> str:
    """The card as XLA's `GpuTargetConfigProto`, in text."""
    return f"""
gpu_device_info {{
  threads_per_block_limit: 1024
  threads_per_warp: 32
  threads_per_core_limit: 2048
  thread_dim_limit_x: 1024
  thread_dim_limit_y: 1024
  thread_dim_limit_z: 64
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
  shared_memory_per_block: 49152
  shared_memory_per_block_optin: {gpu.shared_memory - 1024}
  shared_memory_per_core: {gpu.shared_memory}
  core_count: {gpu.cores}
  fpus_per_core: {gpu.units}
  clock_rate_ghz: {gpu.clock}
  l2_cache_size: {gpu.l2_cache}
  memory_bandwidth: {gpu.bandwidth}
  device_memory_size: {gpu.memory}
  cuda_compute_capability {{ {gpu.capability} }}
  driver_version: "13.0.0"
  runtime_version: "12.8.0"
  compile_time_toolkit_version: "12.8.0"
  dnn_version: "9.10.0"
  device_interconnect_info {{ active_links: 18 }}
}}
platform_name: "CUDA"
dnn_version_info {{ major: 9 minor: 10 patch: 0 }}
device_description_str: "{gpu.name}"
"""
