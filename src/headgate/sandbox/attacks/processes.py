"""Attacks on other processes: their memory, their settings, their life."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import resource
import signal
import struct
import subprocess
import time

from .kit import World, attack, call, detached, show

PROCESSES = "processes"
_PAGE = 4096
_FAR_FUTURE = 60
TIOCSTI = 0x5412


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(1 << 16).decode("utf-8", "replace")


@attack(PROCESSES)
def read_the_environment_of_the_parent(world: World) -> str | None:
    return show(world, _text(f"/proc/{os.getppid()}/environ"))


@attack(PROCESSES)
def read_the_environment_of_any_process(world: World) -> str | None:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found = show(world, _text(f"/proc/{name}/environ"))
            except OSError:
                continue
            if found:
                return f"{found} of process {name}"
    return None


@attack(PROCESSES)
def find_the_token_in_its_own_environment(world: World) -> str | None:
    return show(world, " ".join(os.environ.values()))


@attack(PROCESSES)
def find_a_key_in_its_own_environment(world: World) -> str | None:
    shown = [it for it in os.environ if it.endswith(("_API_KEY", "_TOKEN", "_SECRET"))]
    return f"saw {shown}" if shown else None


@attack(PROCESSES)
def find_the_token_in_its_own_memory(world: World) -> str | None:
    """What the process it was forked from once held; never put together here."""
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            first, last = (int(it, 16) for it in span.split("-"))
            memory.seek(first)
            try:
                text = memory.read(min(last - first, 1 << 22))
            except OSError:
                continue
            for held in re.findall(rb"HELD-ONLY-OUTSIDE:([0-9a-f]{32})", text):
                if held.decode()[::-1] == world.token:
                    return f"read {world.token}"
    return None


@attack(PROCESSES)
def see_a_process_of_the_host(world: World) -> str | None:
    return "seen" if "decoy" in _text(f"/proc/{world.victim}/cmdline") else None


@attack(PROCESSES)
def send_a_signal_to_a_process_of_the_host(world: World) -> str | None:
    os.kill(world.victim, signal.SIGUSR1)
    return "sent"


@attack(PROCESSES)
def send_a_signal_with_words(world: World) -> str | None:
    words = ctypes.create_string_buffer(struct.pack("=iii116x", 0, 0, -1), 128)
    call("rt_sigqueueinfo", world.victim, int(signal.SIGRTMIN) + 2, words)
    return "sent"


@attack(PROCESSES)
def send_a_signal_by_a_descriptor(world: World) -> str | None:
    fd = call("pidfd_open", world.victim, 0)
    call("pidfd_send_signal", fd, int(signal.SIGUSR2), None, 0)
    return "sent"


@attack(PROCESSES)
def send_a_signal_to_everybody(world: World) -> str | None:
    """The victim tells whether it arrived; here it always looks well sent."""
    os.kill(-1, signal.SIGWINCH)
    return None


@attack(PROCESSES)
def send_a_signal_to_its_parents_group(world: World) -> str | None:
    group = os.getpgid(os.getppid())
    if group in (0, os.getpgid(0)):
        return None
    os.killpg(group, 0)
    return f"could send to group {group}"


@attack(PROCESSES)
def attach_to_a_process_of_the_host(world: World) -> str | None:
    call("ptrace", 16, world.victim, 0, 0)
    os.waitpid(world.victim, 0)
    call("ptrace", 17, world.victim, 0, 0)
    return "attached"


@attack(PROCESSES)
def attach_to_its_parent(world: World) -> str | None:
    call("ptrace", 0x4206, os.getppid(), 0, 0)
    call("ptrace", 0x4207, os.getppid(), 0, 0)
    return "seized"


@attack(PROCESSES)
def read_the_memory_of_a_process_of_the_host(world: World) -> str | None:
    with open(f"/proc/{world.victim}/maps") as maps:
        first = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{world.victim}/mem", "rb", 0) as memory:
        memory.seek(first)
        return f"read {len(memory.read(64))} bytes"


@attack(PROCESSES)
def read_the_memory_of_a_process_by_a_call(world: World) -> str | None:
    own = ctypes.create_string_buffer(64)
    here = ctypes.create_string_buffer(
        ctypes.addressof(own).to_bytes(8, "little") + (64).to_bytes(8, "little"), 16
    )
    there = ctypes.create_string_buffer(
        (0x400000).to_bytes(8, "little") + (64).to_bytes(8, "little"), 16
    )
    try:
        call("process_vm_readv", world.victim, here, 1, there, 1, 0)
    except OSError as error:
        if error.errno == 14:
            return "let in, the address alone was wrong"
        raise
    return "read"


@attack(PROCESSES)
def take_a_descriptor_of_a_process_of_the_host(world: World) -> str | None:
    fd = call("pidfd_open", world.victim, 0)
    return f"took {call('pidfd_getfd', fd, 0, 0)}"


@attack(PROCESSES)
def compare_itself_with_a_process_of_the_host(world: World) -> str | None:
    return f"answered {call('kcmp', os.getpid(), world.victim, 1, 0, 0)}"


@attack(PROCESSES)
def slow_a_process_of_the_host_down(world: World) -> str | None:
    os.setpriority(os.PRIO_PROCESS, world.victim, 11)
    return "changed"


@attack(PROCESSES)
def slow_all_processes_of_the_user_down(world: World) -> str | None:
    """Only looked at from outside where it works: it asks for what is so already."""
    if os.getpriority(os.PRIO_PROCESS, world.victim) < 0:
        return None
    os.setpriority(os.PRIO_USER, os.getuid(), os.getpriority(os.PRIO_USER, os.getuid()))
    return "changed"


@attack(PROCESSES)
def move_a_process_of_the_host_to_one_core(world: World) -> str | None:
    os.sched_setaffinity(world.victim, {0})
    return "moved"


@attack(PROCESSES)
def limit_a_process_of_the_host(world: World) -> str | None:
    resource.prlimit(world.victim, resource.RLIMIT_CORE, (0, 0))
    return "limited"


@attack(PROCESSES)
def starve_a_process_of_the_host_of_its_disk(world: World) -> str | None:
    call("ioprio_set", 1, world.victim, 3 << 13)
    return "changed"


@attack(PROCESSES)
def read_system_v_memory_of_the_host(world: World) -> str | None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(world.segment, None, 0o10000)
    if place in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return show(world, ctypes.string_at(place, 64).decode("latin1"))


@attack(PROCESSES)
def open_a_queue_that_others_can_open(world: World) -> str | None:
    fd = call("mq_open", b"headgate-attack", os.O_CREAT | os.O_RDWR, 0o600, None)
    libc = ctypes.CDLL(None)
    libc.mq_unlink(b"/headgate-attack")
    return f"opened as {fd}"


@attack(PROCESSES)
def type_into_the_terminal(world: World) -> str | None:
    tty, _other = os.openpty()
    os.setsid()
    fcntl.ioctl(_other, 0x540E, 0)
    fcntl.ioctl(_other, TIOCSTI, b"x")
    os.close(tty)
    return "typed"


@attack(PROCESSES)
def outlive_the_run(world: World) -> str | None:
    """The outside looks for the name it takes."""

    def live_on() -> None:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        name = world.token + "-daemon"
        os.execv("/bin/sleep", [name, str(_FAR_FUTURE)])  # noqa: S606 - the attack's aim

    detached(live_on)
    time.sleep(0.05)
    return None


@attack(PROCESSES)
def become_root_by_a_program_of_the_system(world: World) -> str | None:
    null = subprocess.DEVNULL
    for program in ("/bin/su", "/usr/bin/sudo"):
        command = [program, "-c", "id -u"] if program.endswith("su") else [program, "-n", "id"]
        done = subprocess.run(command, capture_output=True, check=False, stdin=null, timeout=2)
        if done.returncode == 0:
            return f"{program}: {done.stdout.decode().strip()}"
    return None


@attack(PROCESSES)
def be_root_of_the_host(world: World) -> str | None:
    """Its own namespace may call it what it likes; the map tells who it is outside."""
    with open("/proc/self/uid_map") as file:
        lines = [list(map(int, it.split())) for it in file]
    own = os.geteuid()
    outside = [there + own - first for first, there, count in lines if 0 <= own - first < count]
    return "uid 0" if outside == [0] else None
