"""Memory: what programs say that they take, what is free, and what is an error for want of it."""

import jax
import jax.numpy as jnp
import pytest

from nstjax.machine import host_memory
from nstjax.machine.host_memory import is_exhausted
from nstjax.machine.memory import need_of, room


def test_a_program_tells_what_it_takes():
    many = jax.ShapeDtypeStruct((1000, 1000), jnp.float32)
    compiled = jax.jit(lambda x: jnp.sum(jnp.sort(x) @ x)).lower(many).compile()
    need = need_of(compiled)
    assert 4e6 <= need.held < 4.1e6  # what goes in, and a number
    assert need.temporary >= 4e6  # the product
    assert need.total == need.held + need.temporary
    assert need_of(compiled, present=4 * 10**6) == (need.held - 4 * 10**6, need.temporary)
    assert need_of(compiled, present=10**9).held == 0


def test_this_machine_tells_its_memory():
    free, whole, own = room(), host_memory.host_bytes(), host_memory.own_bytes()
    assert free is None or whole is None or 2**28 < free < whole
    assert own is None or 2**26 < own < 2**36


def test_a_container_leaves_what_its_limit_does(monkeypatch, tmp_path):
    monkeypatch.setattr(host_memory, "CONTAINER", tmp_path)
    for name, text in (
        ("memory.max", "1000000000"),
        ("memory.current", "700000000"),
        ("memory.stat", "anon 1\ninactive_file 200000000\nactive_file 5"),
    ):
        (tmp_path / name).write_text(text)
    assert host_memory.host_bytes() == 10**9
    assert host_memory.free_host_bytes() == 5 * 10**8
    (tmp_path / "memory.max").write_text("max")
    assert host_memory.free_host_bytes() != 5 * 10**8


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 5 bytes"), True),
        (RuntimeError("INTERNAL: std::bad_alloc"), True),
        (RuntimeError("INVALID_ARGUMENT: no"), False),
        (ValueError("Out of memory"), False),
    ],
)
def test_errors_for_want_of_memory(error, is_one):
    assert is_exhausted(error) == is_one
