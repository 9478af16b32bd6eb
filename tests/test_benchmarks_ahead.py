"""Compiled programs read rightly: small ones by hand, and what real ones for accelerators must be."""

from pathlib import Path

import jax
import pytest

from benchmarks.ahead.arguments import cases, parse
from benchmarks.ahead.collectives import count_collectives
from benchmarks.ahead.gpu import read_gpu_step
from benchmarks.ahead.hlo import Array, executed, parse_module, step_body, trip_count
from benchmarks.ahead.memory import report_memory
from benchmarks.ahead.needs import LBFGS_PAIRS, needed_bytes, network_bytes, optimizer_bytes
from benchmarks.ahead.program import check_shared, levels_of
from benchmarks.ahead.report import report
from benchmarks.ahead.targets import COMPILERS, devices_of
from benchmarks.ahead.tpu import read_tpu_step
from nstjax.settings import Settings

ROOT = Path(__file__).parent.parent

LOOP = """HloModule jit_run_steps, is_scheduled=true

%cond (arg: (s32[], f32[4,8])) -> pred[] {
  %limit = s32[]{:T(128)} constant(3)
  %arg = (s32[]{:T(128)}, f32[4,8]{1,0:T(8,128)}) parameter(0)
  %i = s32[]{:T(128)} get-tuple-element(%arg), index=0
  ROOT %less = pred[]{:T(512)} compare(%i, %limit), direction=LT
}
"""
ENTRY = """
ENTRY %main (start: f32[4,8]) -> (s32[], f32[4,8]) {
  %start = f32[4,8]{1,0} parameter(0)
  %zero = s32[] constant(0)
  %tuple = (s32[], /*index=1*/f32[4,8]{1,0}) tuple(%zero, %start)
  ROOT %while = (s32[], f32[4,8]{1,0}) while(%tuple), condition=%cond, body=%step
}
"""


def read(*computations):
    module = parse_module("\n".join([LOOP, *computations, ENTRY]))
    return module, list(executed(module, step_body(module, 3)))


def cycles(count):
    return f'backend_config={{"window_config":{{"estimated_cycles":"{count}"}}}}'


def source(name):
    return f'metadata={{op_name="jit(run_steps)/while/body/closed_call/{name}" stack_frame_id=1}}'


TPU_FUSIONS = f"""
%inner (q: bf16[8,1024]) -> bf16[8,1024] {{
  %q = bf16[8,1024]{{1,0:T(8,128)(2,1)}} parameter(0)
  ROOT %turned = bf16[8,1024]{{1,0:T(8,128)(2,1)}} transpose(%q), dimensions={{0,1}}
}}

%moves (p: bf16[8,1024]) -> bf16[8,1024] {{
  %p = bf16[8,1024]{{1,0:T(8,128)(2,1)}} parameter(0)
  ROOT %nested = bf16[8,1024]{{1,0}} fusion(%p), kind=kLoop, calls=%inner
}}

%converts (p.1: bf16[8,1024]) -> f32[8,1024] {{
  %p.1 = bf16[8,1024]{{1,0}} parameter(0)
  %moved = bf16[8,1024]{{1,0}} copy(%p.1)
  ROOT %converted = f32[8,1024]{{1,0}} convert(%moved)
}}

%convolves (p.2: bf16[8,1024]) -> bf16[8,1024] {{
  %p.2 = bf16[8,1024]{{1,0}} parameter(0)
  %padded = bf16[10,1024]{{1,0}} pad(%p.2, %p.2), padding=1_1x0_0
  ROOT %convolution = bf16[8,1024]{{1,0}} convolution(%padded, %p.2), window={{size=3x3}}, \
{source("jvp()/conv_general_dilated")}
}}

%multiplies (p.3: bf16[8,1024]) -> bf16[8,8] {{
  %p.3 = bf16[8,1024]{{1,0}} parameter(0)
  ROOT %product = bf16[8,8]{{1,0}} convolution(%p.3, %p.3), {source("jvp()/dot_general")}
}}
"""
TPU_STEP = f"""
%twice (arg.1: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {{
  %arg.1 = (s32[], f32[4,8]{{1,0}}) parameter(0)
  %x.1 = bf16[8,1024]{{1,0}} get-tuple-element(%arg.1), index=1
  %sliced = bf16[8,512]{{1,0}} slice(%x.1), slice={{[0:8], [0:512]}}, {cycles(7)}
  ROOT %out.1 = (s32[], f32[4,8]{{1,0}}) tuple(%arg.1)
}}

%step (arg.2: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {{
  %arg.2 = (s32[], f32[4,8]{{1,0}}) parameter(0)
  %x = bf16[8,1024]{{1,0:T(8,128)(2,1)S(1)}} get-tuple-element(%arg.2), index=1
  %a = bf16[8,1024]{{1,0}} fusion(%x), kind=kLoop, calls=%moves, {cycles(100)}
  %b = f32[8,1024]{{1,0}} fusion(%a), kind=kLoop, calls=%converts, {cycles(20)}
  %c = bf16[8,1024]{{1,0}} fusion(%a), kind=kOutput, calls=%convolves, {source("conv")}, {cycles(1000)}
  %d = bf16[8,8]{{1,0}} fusion(%c), kind=kOutput, calls=%multiplies, {cycles(300)}
  %e = bf16[8,1024]{{1,0}} copy(%c), {cycles(2**63 - 1)}
  %f = bf16[8,1024]{{1,0}} copy(%c), {cycles(5)}
  %g = f32[]{{:T(128)}} add(%d, %d)
  %early = (bf16[8,1024]{{1,0}}, bf16[8,1024]{{1,0}}, u32[]) copy-start(%f)
  %late = bf16[8,1024]{{1,0}} copy-done(%early)
  %s = (bf16[1,1024]{{1,0}}, bf16[1,1024]{{1,0}}) collective-permute-start(%f), channel_id=1
  %t = bf16[1,1024]{{1,0}} collective-permute-done(%s)
  %u = (f32[8,8]{{1,0}}, f32[8]{{0}}) all-reduce(%d, %g), to_apply=%add, {cycles(9)}
  %v = (s32[], f32[4,8]{{1,0}}) while(%arg.2), condition=%known, body=%twice, \
backend_config={{"known_trip_count":{{"n":"2"}}}}
  ROOT %out = (s32[], f32[4,8]{{1,0}}) tuple(%x, %late)
}}
"""


@pytest.fixture(scope="module")
def tpu():
    module, step = read(TPU_FUSIONS, TPU_STEP)
    return read_tpu_step(module, step)


def test_cycles_are_summed_by_what_is_done(tpu):
    assert tpu.by_kind == {
        "convolution": 1000,
        "matrix product": 300,
        "data movement": 100 + 5 + 2 * 7,  # the slice in a loop of two turns
        "collective": 9,
        "other": 20,  # it converts as well
    }
    assert tpu.cycles == 1448


def test_the_largest_number_is_no_estimate(tpu):
    (unknown,) = tpu.without_estimate
    assert (unknown.name, unknown.kind, unknown.bytes) == ("e", "data movement", 2 * 8 * 1024)
    assert unknown.source.endswith("/conv")  # of what is copied


def test_copies_beside_the_computation_are_bytes(tpu):
    assert tpu.asynchronous_bytes == 2 * 8 * 1024


def test_start_and_done_of_a_collective_are_one():
    _, step = read(TPU_FUSIONS, TPU_STEP)
    assert count_collectives(step) == {"all-reduce": 1, "collective-permute": 1}


def test_turns_are_the_compilers_or_the_conditions_bound():
    module, _ = read(TPU_FUSIONS, TPU_STEP)
    outer = module.entry.instructions["while"]
    inner = module.computations["step"].instructions["v"]
    assert (trip_count(module, outer), trip_count(module, inner)) == (3, 2)
    with pytest.raises(ValueError, match="no one loop of 4 steps"):
        step_body(module, 4)


def test_arrays_are_measured_without_padding():
    assert Array("bf16", (3, 5)).bytes == 30
    assert Array("pred", (7,)).bytes == 7
    assert Array("s4", (3,)).bytes == 2
    assert Array("f8e4m3fn", (3,)).bytes == 3
    assert Array("f32", ()).bytes == 4


GPU_STEP = f"""
%pools (p: bf16[1,8,8,64]) -> bf16[1,4,8,64] {{
  %p = bf16[1,8,8,64]{{3,2,1,0}} parameter(0)
  %even = bf16[1,4,8,64]{{3,2,1,0}} slice(%p), slice={{[0:1], [0:8:2], [0:8], [0:64]}}
  %odd = bf16[1,4,8,64]{{3,2,1,0}} slice(%p), slice={{[0:1], [1:8:2], [0:8], [0:64]}}
  ROOT %larger = bf16[1,4,8,64]{{3,2,1,0}} maximum(%even, %odd)
}}

%one_pair (m: f32[20,4,8], at: s32[]) -> f32[4,8] {{
  %m = f32[20,4,8]{{2,1,0}} parameter(0)
  %at = s32[] parameter(1)
  %row = f32[1,4,8]{{2,1,0}} dynamic-slice(%m, %at, %at, %at), dynamic_slice_sizes={{1,4,8}}
  %flat = f32[4,8]{{1,0}} bitcast(%row)
  ROOT %negative = f32[4,8]{{1,0}} negate(%flat)
}}

%keeps (m.1: f32[20,4,8], new: f32[4,8], at.1: s32[]) -> (f32[20,4,8], f32[]) {{
  %m.1 = f32[20,4,8]{{2,1,0}} parameter(0)
  %new = f32[4,8]{{1,0}} parameter(1)
  %at.1 = s32[] parameter(2)
  %row.1 = f32[1,4,8]{{2,1,0}} bitcast(%new)
  %kept = f32[20,4,8]{{2,1,0}} dynamic-update-slice(%m.1, %row.1, %at.1, %at.1, %at.1)
  %count = f32[] convert(%at.1)
  ROOT %both = (f32[20,4,8]{{2,1,0}}, f32[]) tuple(%kept, %count)
}}

%masks (y: bf16[1,8,8,64], g: bf16[1,8,8,64]) -> bf16[1,8,8,64] {{
  %y = bf16[1,8,8,64]{{3,2,1,0}} parameter(0)
  %g = bf16[1,8,8,64]{{3,2,1,0}} parameter(1)
  %over = pred[1,8,8,64]{{3,2,1,0}} compare(%y, %g), direction=GT
  ROOT %masked = bf16[1,8,8,64]{{3,2,1,0}} select(%over, %g, %y)
}}

%gram (u: bf16[64,64], w: bf16[64,64]) -> f32[64,64] {{
  %u = bf16[64,64]{{1,0}} parameter(0)
  %w = bf16[64,64]{{1,0}} parameter(1)
  ROOT %dot = f32[64,64]{{1,0}} dot(%u, %w), lhs_contracting_dims={{0}}, rhs_contracting_dims={{0}}
}}

%pairs (arg.1: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {{
  %arg.1 = (s32[], f32[20,4,8]{{2,1,0}}) parameter(0)
  %i.1 = s32[] get-tuple-element(%arg.1), index=0
  %memory = f32[20,4,8]{{2,1,0}} get-tuple-element(%arg.1), index=1
  %pair = f32[4,8]{{1,0}} fusion(%memory, %i.1), kind=kLoop, calls=%one_pair, {source("while/body/neg")}
  ROOT %out.1 = (s32[], f32[4,8]{{1,0}}) tuple(%i.1, %pair)
}}

%step (arg.2: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {{
  %arg.2 = (s32[], f32[4,8]{{1,0}}) parameter(0)
  %i.2 = s32[] get-tuple-element(%arg.2), index=0
  %x = bf16[1,8,8,64]{{3,2,1,0}} get-tuple-element(%arg.2), index=1
  %kernel = bf16[64,3,3,64]{{3,2,1,0}} get-tuple-element(%arg.2), index=2
  %memory.2 = f32[20,4,8]{{2,1,0}} get-tuple-element(%arg.2), index=3
  %convolution = (bf16[1,8,8,64]{{3,2,1,0}}, u8[999]{{0}}) custom-call(%x, %kernel), \
custom_call_target="__cudnn$convBiasActivationForward", {source("jvp()/conv_general_dilated")}, \
backend_config={{"cudnn_conv_backend_config":{{"activation_mode":"kRelu"}}}}
  %y = bf16[1,8,8,64]{{3,2,1,0}} get-tuple-element(%convolution), index=0
  %pool = bf16[1,4,8,64]{{3,2,1,0}} fusion(%y), kind=kLoop, calls=%pools, {source("jvp()/max")}
  %as_matrix = bf16[64,64]{{1,0}} bitcast(%y)
  %again = bf16[64,64]{{1,0}} bitcast(%y)
  %second = f32[64,64]{{1,0}} fusion(%as_matrix, %again), kind=kCustom, calls=%gram, \
{source("jvp()/dot_general")}
  %mask = bf16[1,8,8,64]{{3,2,1,0}} fusion(%y, %x), kind=kLoop, calls=%masks, \
{source("transpose(jvp(jit(_where)))/select_n")}
  %back = (bf16[1,8,8,64]{{3,2,1,0}}, u8[0]{{0}}) custom-call(%mask, %kernel), \
custom_call_target="__cudnn$convForward", {source("transpose(jvp())/conv_general_dilated")}, \
backend_config={{"cudnn_conv_backend_config":{{"activation_mode":"kNone"}}}}
  %new.2 = f32[4,8]{{1,0}} copy(%second)
  %keep = (f32[20,4,8]{{2,1,0}}, f32[]) fusion(%memory.2, %new.2, %i.2), kind=kLoop, calls=%keeps, \
{source("scatter")}
  %loop = (s32[], f32[4,8]{{1,0}}) while(%arg.2), condition=%cond, body=%pairs, \
backend_config={{"known_trip_count":{{"n":"20"}}}}
  %sent = (f32[4,8]{{1,0}}, f32[4,8]{{1,0}}) collective-permute-start(%new.2)
  %got = f32[4,8]{{1,0}} collective-permute-done(%sent)
  ROOT %out.2 = (s32[], f32[4,8]{{1,0}}) tuple(%i.2, %got)
}}
"""
MAP, PICTURE = 2 * 8 * 8 * 64, 4 * 4 * 8  # bytes


@pytest.fixture(scope="module")
def gpu():
    module, step = read(GPU_STEP)
    return read_gpu_step(module, step)


@pytest.mark.parametrize(
    ("name", "kind", "read", "written"),
    [
        ("convolution", "convolution", MAP + 2 * 9 * 64 * 64, MAP),
        ("pool", "pool", MAP, MAP // 2),
        ("second", "product", MAP, 4 * 64 * 64),  # one map under two names
        ("mask", "masking", 2 * MAP, MAP),
        ("keep", "optimizing", PICTURE + 4, PICTURE + 4),  # in place
        ("pair", "optimizing", 20 * (PICTURE + 4), 20 * PICTURE),  # a slice, twenty times
        ("new.2", "data movement", 4 * 64 * 64, PICTURE),
        ("sent", "collective", PICTURE, PICTURE),
    ],
)
def test_a_kernel_moves_what_it_looks_at(name, kind, read, written, gpu):
    (kernel,) = [each for each in gpu.kernels if each.name == name]
    assert (kernel.kind, kernel.read, kernel.written) == (kind, read, written)


def test_kernels_are_counted_as_often_as_they_run(gpu):
    assert gpu.launches == 8 + 20
    assert gpu.bytes == sum(kernel.read + kernel.written for kernel in gpu.kernels)


def test_activations_are_told_by_direction(gpu):
    assert gpu.activations(backward=False) == ["kRelu"]
    assert gpu.activations(backward=True) == ["kNone"]


def test_needed_bytes_of_two_convolutions_by_hand():
    settings = Settings(content_layers=("relu1_2",), style_layers=("relu1_1",), optimizer="adam")
    position = 8 * 8
    pixels, wide = 2 * 3 * position, 2 * 64 * position  # of a map, in bfloat16
    kernels = 2 * 9 * (3 * 64 + 64 * 64)
    forward = (pixels + wide) + (wide + wide) + kernels
    masks, style, content = 2 * wide, wide, 2 * wide
    expected = 2 * forward + masks + style + 2 * content + 2 * 4 * 3 * position
    assert network_bytes("vgg16", settings, 8, 8) == expected
    picture = 4 * 3 * position
    assert optimizer_bytes("adam", 8, 8) == 9 * picture
    assert optimizer_bytes("lbfgs", 8, 8) == (5 + 4 + 2 * 2 * LBFGS_PAIRS + 2) * picture
    assert needed_bytes("vgg16", settings, 8, 8) == expected + 9 * picture


def test_every_combination_is_a_case():
    flags = "--target v5e h100 --sizes 64 128 --optimizers adam lbfgs --devices 1 8 --aspect 2"
    found = cases(parse(flags.split()))
    assert len(set(found)) == 16
    assert {(case.height, case.width) for _, case in found} == {(32, 64), (64, 128)}


def test_a_cold_picture_is_compiled_from_coarse_to_fine():
    _, case = cases(parse(["--sizes", "512", "--aspect", "2"]))[0]
    levels = levels_of(case)
    assert [(level.height, level.width) for level in levels] == [(84, 167), (146, 293), (256, 512)]
    assert levels[-1] == case


def test_too_few_rows_for_so_many_devices_are_refused(refused):
    _, case = cases(parse(["--sizes", "100", "--devices", "8"]))[0]
    with refused("100 rows are too few for 8 devices: give a larger picture, or one device"):
        check_shared(case, "tpu", jax.devices() * 8)


def test_what_does_not_fit_is_said_in_its_row():
    _, case = cases(parse([]))[0]
    asked = {"target": "v5e"} | case._asdict()
    row = {"case": asked, "failure": "RESOURCE_EXHAUSTED: much", "fits": False}
    assert "| 1 | does not fit |" in report([row])


def test_a_missing_compiler_is_one_line(monkeypatch, refused):
    monkeypatch.setitem(COMPILERS, "tpu", (("no_such_package",), "pip install it"))
    with refused("the compiler for v5e is not installed: run pip install it"):
        devices_of("v5e", 1)


def test_what_does_not_fit_is_told_apart_for_step_and_targets():
    case = {"target": "h100", "optimizer": "adam", "height": 8, "width": 16, "devices": 8}
    result = {"peak_memory_bytes": 2**30, "collectives": {"all-reduce": 1}}
    lies = {"case": case, "layout": "8 tiles of 16x4"}
    fitting = lies | {"result": result, "targets": {"peak_memory_bytes": 2**31}}
    large = lies | {"failure": "2 bytes", "fits": False, "targets": {"peak_memory_bytes": 2**40}}
    *_, first, second = report_memory([fitting, large]).splitlines()
    assert first == "| 16x8 | adam | 8 h100 | 8 tiles of 16x4 | 1 GiB | 2 GiB | 1 all-reduce |"
    assert "| 2 bytes | does not fit |" in second
