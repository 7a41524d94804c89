"""Attacks by the kernel's younger and rarer interfaces, and by what walls often forget."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import signal
import socket
import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

from .kit import World, attack, call, reached, show

READ, CHANGE = "files: reading", "files and devices: changing"
KERNEL, PROCESSES, NETWORK = "kernel", "processes", "network"
"""the families; the modules that name them too are not laid beside this one"""
T = TypeVar("T")
_PAGE = 4096
_SEAL, _ALLOW = 1, 0x7FFF0000
_RING = b"\0" * 120
_YOUNG_FAMILIES = {"AF_SMC": 43, "AF_XDP": 44, "AF_MCTP": 45, "AF_TIPC": 30, "AF_QIPCRTR": 42}
_LEASE, _OWNER, _SIGNAL = 1024, 8, 10
_PASTE = 0x541C
_WATCH_ALL = 0xFFF
_LANDLOCK_ALL = (1 << 13) - 1
_RAISED = -5


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _done(answer: int) -> None:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _first(values: Iterable[T], act: Callable[[T], str]) -> str | None:
    """What came of the first that it works with; the last refusal, if it works with none."""
    last: OSError = FileNotFoundError(2, "none of them is there")
    for value in values:
        try:
            return act(value)
        except OSError as error:
            last = error
    raise last


def _opened(flags: int) -> Callable[[str], str]:
    def opened(path: str) -> str:
        return f"opened {path} as {os.open(path, flags)}"

    return opened


@attack(KERNEL)
def lift_its_walls_by_walls_of_its_own(world: World) -> str | None:
    """A ruleset that lets everything in, laid over the one that does not."""
    asked = struct.pack("=Q", _LANDLOCK_ALL)
    rules = call("landlock_create_ruleset", asked, len(asked), 0)
    top = os.open("/", os.O_PATH)
    call("landlock_add_rule", rules, 1, struct.pack("=Qi", _LANDLOCK_ALL, top), 0)
    _libc().prctl(38, 1, 0, 0, 0)
    call("landlock_restrict_self", rules, 0)
    with open(world.at("secret")) as file:
        return show(world, file.read())


@attack(KERNEL)
def pass_by_its_filter_with_a_filter_of_its_own(world: World) -> str | None:
    """One that lets everything in, laid over the one that does not."""
    op = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, _ALLOW))
    head = ctypes.create_string_buffer(struct.pack("@HP", 1, ctypes.addressof(op)))
    _libc().prctl(38, 1, 0, 0, 0)
    place = ctypes.c_ulong(ctypes.addressof(head))
    _done(_libc().prctl(22, ctypes.c_ulong(2), place, ctypes.c_ulong(0), ctypes.c_ulong(0)))
    return reached("io_uring_setup", 1, _RING)


@attack(KERNEL)
def hide_memory_from_the_kernel(world: World) -> str | None:
    return reached("memfd_secret", 0)


@attack(KERNEL)
def change_the_attributes_of_a_mount(world: World) -> str | None:
    return reached("mount_setattr", -100, b"/usr\0", 0, struct.pack("=QQQQ", 0, 1, 0, 0), 32)


@attack(KERNEL)
def pick_a_mount_to_change(world: World) -> str | None:
    return f"fspick answered {call('fspick', -100, b'/', 0)}"


@attack(KERNEL)
def list_the_mounts_below_another(world: World) -> str | None:
    asked = struct.pack("=IIQQQ", 32, 0, 0xFFFFFFFFFFFFFFFF, 0, 0)
    return f"{call('listmount', asked, bytes(512), 64, 0)} mounts"


@attack(KERNEL)
def list_the_namespaces_of_the_machine(world: World) -> str | None:
    asked = struct.pack("=IIQIIQ", 32, 0, 0, 0x10000000, 0, 0)
    return f"{call('listns', asked, bytes(512), 64, 0)} namespaces"


@attack(KERNEL)
def open_the_device_for_page_faults(world: World) -> str | None:
    return f"opened {os.open('/dev/userfaultfd', os.O_RDWR)}"


@attack(KERNEL)
def make_a_segment_of_its_own(world: World) -> str | None:
    if os.uname().machine != "x86_64":
        return None
    return reached("modify_ldt", 0, bytes(64), 64)


@attack(KERNEL)
def speak_to_the_ports_of_the_machine(world: World) -> str | None:
    if os.uname().machine != "x86_64":
        return None
    return f"ioperm answered {call('ioperm', 0x80, 1, 1)}"


@attack(KERNEL)
def map_a_file_in_another_order(world: World) -> str | None:
    return reached("remap_file_pages", 0, 0, 0, 0, 0)


@attack(KERNEL)
def ask_what_guards_the_kernel(world: World) -> str | None:
    size = ctypes.create_string_buffer(struct.pack("=I", 64))
    return reached("lsm_list_modules", bytes(64), size, 0)


@attack(KERNEL)
def start_another_kernel_from_a_file(world: World) -> str | None:
    return reached("kexec_file_load", -1, -1, 0, 0, 0)


@attack(KERNEL)
def unload_a_module(world: World) -> str | None:
    return reached("delete_module", b"headgate_no_such_module\0", 0)


@attack(KERNEL)
def ask_for_quotas_by_a_descriptor(world: World) -> str | None:
    top = os.open(".", os.O_RDONLY)
    return f"answered {call('quotactl_fd', top, 0x80000400, 0, bytes(64))}"


@attack(KERNEL)
def learn_where_its_memory_lies(world: World) -> str | None:
    with mmap.mmap(-1, _PAGE) as page, open("/proc/self/pagemap", "rb") as table:
        page[0] = 1
        place = ctypes.addressof(ctypes.c_char.from_buffer(page))
        table.seek(place // _PAGE * 8)
        (entry,) = struct.unpack("=Q", table.read(8))
        return f"frame {entry & (1 << 55) - 1}" if entry & (1 << 55) - 1 else None


@attack(KERNEL)
def trace_the_machine(world: World) -> str | None:
    places = ("/sys/kernel/tracing/trace_marker", "/sys/kernel/debug/tracing/trace_marker")
    return _first(places, _opened(os.O_WRONLY))


@attack(KERNEL)
def run_before_all_others(world: World) -> str | None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return "it is real time"


@attack(KERNEL)
def raise_its_own_priority(world: World) -> str | None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, before + _RAISED)
    after = os.getpriority(os.PRIO_PROCESS, 0)
    return f"from {before} to {after}" if after < before else None


@attack(KERNEL)
def be_the_first_at_the_disk(world: World) -> str | None:
    return f"answered {call('ioprio_set', 1, 0, 1 << 13)}"


@attack(KERNEL)
def save_itself_from_the_killer_of_memory(world: World) -> str | None:
    with open("/proc/self/oom_score_adj", "r+") as file:
        before = int(file.read())
        file.seek(0)
        file.write(str(max(-1000, before - 500)))
    return "lowered"


@attack(CHANGE)
def paste_into_the_console(world: World) -> str | None:
    words = ctypes.create_string_buffer(b"\3")
    return _first((0, 1, 2), lambda fd: str(fcntl.ioctl(fd, _PASTE, words)))


@attack(CHANGE)
def write_to_the_console(world: World) -> str | None:
    places = ("/dev/console", "/dev/tty0", "/dev/tty1", "/dev/vcs1")
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
    return _first(places, _opened(flags))


@attack(CHANGE)
def hold_a_lease_on_a_file_of_the_interpreter(world: World) -> str | None:
    """Whoever writes to it then waits for the code, or a minute."""
    fd = os.open(world.interpreter, os.O_RDONLY)
    fcntl.fcntl(fd, _LEASE, fcntl.F_RDLCK)
    fcntl.fcntl(fd, _LEASE, fcntl.F_UNLCK)
    return "held"


@attack(CHANGE)
def write_an_attribute_to_a_file_of_the_host(world: World) -> str | None:
    os.setxattr(world.at("secret"), "user.attack", b"x")
    return "written"


@attack(CHANGE)
def give_a_file_of_the_host_to_its_group(world: World) -> str | None:
    os.chown(world.at("secret"), -1, os.getgid())
    return "given"


@attack(CHANGE)
def exchange_a_file_of_the_host_with_its_own(world: World) -> str | None:
    with open("its-own", "w") as file:
        file.write("by an attack")
    aim = world.at("exchanged").encode() + b"\0"
    call("renameat2", -100, b"its-own\0", -100, aim, 2)
    return "exchanged"


@attack(CHANGE)
def change_a_library_through_its_own_memory(world: World) -> str | None:
    """What was mapped to be read alone, written by the file of the memory."""
    with open(world.interpreter, "rb") as file:
        before = file.read(_PAGE)
        page = mmap.mmap(file.fileno(), _PAGE, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
    place = _address(page)
    changed = before[:1].swapcase() if before[:1].isalpha() else before[:1]
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(place)
        memory.write(changed)
    with open(world.interpreter, "rb") as file:
        return "the file is changed" if file.read(_PAGE) != before else None


def _address(page: mmap.mmap) -> int:
    """Of a mapping that may not be written to: the last one of that file."""
    with open("/proc/self/maps") as file:
        lines = [it for it in file if " r--s " in it]
    del page
    return int(lines[-1].split("-")[0], 16)


@attack(READ)
def watch_a_folder_of_the_host(world: World) -> str | None:
    watch = call("inotify_init1", 0)
    call("inotify_add_watch", watch, world.folder.encode() + b"\0", _WATCH_ALL)
    return "it hears of every file there"


@attack(READ)
def read_where_a_link_of_the_host_points(world: World) -> str | None:
    return show(world, os.readlink(world.at("link")))


@attack(READ)
def read_after_entering_a_folder_of_the_host(world: World) -> str | None:
    here = os.getcwd()
    os.chdir(world.folder)
    try:
        with open("secret") as file:
            return show(world, file.read())
    finally:
        os.chdir(here)


@attack(READ)
def read_the_attributes_of_a_file_of_the_host(world: World) -> str | None:
    return show(world, os.getxattr(world.at("secret"), "user.decoy").decode())


@attack(READ)
def read_the_name_of_the_machine(world: World) -> str | None:
    """Who is not told it, is told another."""
    name = os.uname().nodename
    return "it is the host's own" if name == world.machine else None


@attack(PROCESSES)
def have_the_kernel_signal_a_process_of_the_host(world: World) -> str | None:
    """As the owner of a socket on which something arrives; the victim tells."""
    ours, theirs = socket.socketpair()
    fcntl.fcntl(ours, _OWNER, world.victim)
    fcntl.fcntl(ours, _SIGNAL, int(signal.SIGRTMIN) + 3)
    flags = fcntl.fcntl(ours, fcntl.F_GETFL)
    fcntl.fcntl(ours, fcntl.F_SETFL, flags | os.O_ASYNC)
    theirs.send(b"x")
    return None


@attack(PROCESSES)
def move_the_pages_of_a_process_of_the_host(world: World) -> str | None:
    return f"answered {call('move_pages', world.victim, 0, None, None, None, 0)}"


@attack(PROCESSES)
def advise_on_the_memory_of_a_process_of_the_host(world: World) -> str | None:
    fd = call("pidfd_open", world.victim, 0)
    return f"answered {call('process_madvise', fd, bytes(16), 0, 4, 0)}"


@attack(PROCESSES)
def free_the_memory_of_a_process_of_the_host(world: World) -> str | None:
    fd = call("pidfd_open", world.victim, 0)
    return f"answered {call('process_mrelease', fd, 0)}"


@attack(PROCESSES)
def write_the_memory_of_a_process_of_the_host(world: World) -> str | None:
    own = ctypes.create_string_buffer(b"x")
    ours = struct.pack("@PN", ctypes.addressof(own), 1)
    answer = call("process_vm_writev", world.victim, ours, 1, ours, 1, 0)
    return f"wrote {answer} bytes"


@attack(PROCESSES)
def change_the_settings_of_a_process_of_the_host(world: World) -> str | None:
    names = ("coredump_filter", "timerslack_ns", "clear_refs", "comm", "autogroup")
    places = [f"/proc/{world.victim}/{it}" for it in names]
    return _first(places, _opened(os.O_WRONLY))


@attack(PROCESSES)
def ring_the_alarm_of_a_process_of_the_host(world: World) -> str | None:
    """A timer that signals a thread which is not its own."""
    event = struct.pack("=QiiI44x", 0, int(signal.SIGRTMIN) + 3, 4, world.victim)
    timer = ctypes.create_string_buffer(8)
    return f"answered {call('timer_create', 1, event, timer)}"


@attack(NETWORK)
def use_a_family_of_sockets_that_is_young(world: World) -> str | None:
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW)
    tries = [(family, kind) for family in _YOUNG_FAMILIES.values() for kind in kinds]
    return _first(tries, lambda it: f"{it}: {socket.socket(*it).fileno()}")


@attack(NETWORK)
def make_a_pair_of_sockets_of_another_family(world: World) -> str | None:
    one, _ = socket.socketpair(_YOUNG_FAMILIES["AF_TIPC"], socket.SOCK_STREAM)
    return f"made {one.fileno()}"
