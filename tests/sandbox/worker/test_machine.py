"""The machine code is what its description says, on each machine it is written for."""

from __future__ import annotations

import platform
import struct

import pytest

from headgate.sandbox.worker import machine

MACHINES = ("x86_64", "aarch64")


@pytest.mark.parametrize("name", MACHINES)
def test_the_first_process_is_a_small_executable_whose_stack_holds_no_code(name: str) -> None:
    text = machine.program(name)
    assert text.startswith(b"\x7fELF\x02\x01\x01")
    assert len(text) < 512
    kind, elf, _, entry, parts = struct.unpack_from("<HHIQQ", text, 16)
    assert (kind, elf, parts) == (2, {"x86_64": 62, "aarch64": 183}[name], 64)
    (flags,) = struct.unpack_from("<I", text, 64 + 4)
    assert flags == 5  # read and execute; nothing of it is written
    assert struct.unpack_from("<II", text, 120) == (0x6474E551, 6)
    assert entry - 0x400000 == 64 + 2 * 56


@pytest.mark.parametrize("name", MACHINES)
def test_the_code_makes_no_call_of_its_own_but_clone_and_exit(name: str) -> None:
    calls = bytes.fromhex(machine._MACHINES[name].calls)
    syscall = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}[name]
    assert calls.count(syscall) == 3  # these two, and the one for whatever a row names


@pytest.mark.parametrize("name", MACHINES)
def test_every_call_has_a_number_on_every_machine(name: str) -> None:
    here = machine._MACHINES[name].numbers
    assert set(here) == set(machine._MACHINES["x86_64"].numbers)
    assert len(set(here.values())) == len(here)


def test_the_number_of_a_call_is_this_machines() -> None:
    assert machine.number("close_range") == 436
    assert machine.number("close") == {"x86_64": 3, "aarch64": 57}[platform.machine()]
