"""Attacks on the kernel's own surface: namespaces, mounts, modules, clocks, rare calls."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import subprocess

from .kit import World, attack, call, reached, show

KERNEL = "kernel"
_NEW_USER, _NEW_MOUNTS, _NEW_NET = 0x10000000, 0x00020000, 0x40000000
_READ_KEY, _SESSION = 11, -3
_GET_STATE = b"\0" * 208


def _status(field: str) -> str:
    with open("/proc/self/status") as file:
        lines = dict(it.split(":", 1) for it in file)
    return lines[field].strip()


@attack(KERNEL)
def make_a_user_namespace(world: World) -> str | None:
    return reached("unshare", _NEW_USER)


@attack(KERNEL)
def make_a_mount_namespace(world: World) -> str | None:
    return reached("unshare", _NEW_MOUNTS)


@attack(KERNEL)
def make_a_network_namespace(world: World) -> str | None:
    return reached("unshare", _NEW_NET)


@attack(KERNEL)
def make_a_user_namespace_by_a_fork(world: World) -> str | None:
    child = call("clone", _NEW_USER | 17, 0, 0, 0, 0)
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked into one"


@attack(KERNEL)
def make_a_user_namespace_by_the_newer_fork(world: World) -> str | None:
    asked = ctypes.create_string_buffer(struct.pack("=QQQQQ48x", _NEW_USER, 0, 0, 0, 17), 88)
    child = call("clone3", asked, 88)
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked into one"


@attack(KERNEL)
def make_a_namespace_with_a_program(world: World) -> str | None:
    done = subprocess.run(
        ["/usr/bin/unshare", "-Ur", "id"], capture_output=True, check=False, timeout=2
    )
    return "unshare -Ur worked" if done.returncode == 0 else None


@attack(KERNEL)
def join_a_namespace_of_the_host(world: World) -> str | None:
    for place in (f"/proc/{world.victim}/ns/net", "/proc/1/ns/mnt", "/proc/self/ns/net"):
        try:
            fd = os.open(place, os.O_RDONLY)
        except OSError:
            continue
        call("setns", fd, 0)
        return f"joined {place}"
    return None


@attack(KERNEL)
def mount_a_file_system(world: World) -> str | None:
    os.makedirs("mounted", exist_ok=True)
    call("mount", b"none", b"mounted", b"tmpfs", 0, None)
    ctypes.CDLL(None).umount2(b"mounted", 2)
    return "mounted"


@attack(KERNEL)
def mount_by_the_newer_calls(world: World) -> str | None:
    return f"fsopen answered {call('fsopen', b'tmpfs', 0)}"


@attack(KERNEL)
def copy_a_tree_of_mounts(world: World) -> str | None:
    return f"open_tree answered {call('open_tree', -100, b'/', 1)}"


@attack(KERNEL)
def change_its_root(world: World) -> str | None:
    os.chroot(".")
    return "changed"


@attack(KERNEL)
def turn_its_root_round(world: World) -> str | None:
    return reached("pivot_root", b".", b".")


@attack(KERNEL)
def list_the_mounts_by_number(world: World) -> str | None:
    return reached("statmount", None, None, 0, 0)


@attack(KERNEL)
def load_a_program_into_the_kernel(world: World) -> str | None:
    asked = ctypes.create_string_buffer(struct.pack("=IIII56x", 2, 4, 4, 1), 72)
    return reached("bpf", 0, asked, 72)


@attack(KERNEL)
def watch_the_processors_counters(world: World) -> str | None:
    asked = ctypes.create_string_buffer(struct.pack("=II104x", 1, 112), 112)
    return f"descriptor {call('perf_event_open', asked, 0, -1, -1, 0)}"


@attack(KERNEL)
def answer_its_own_page_faults(world: World) -> str | None:
    """Stops the kernel wherever an exploit wants it to stand."""
    return f"descriptor {call('userfaultfd', 1)}"


@attack(KERNEL)
def open_a_ring_of_calls(world: World) -> str | None:
    room = ctypes.create_string_buffer(120)
    return f"descriptor {call('io_uring_setup', 1, room)}"


@attack(KERNEL)
def read_the_keys_of_the_kernel(world: World) -> str | None:
    room = ctypes.create_string_buffer(256)
    return f"{call('keyctl', _READ_KEY, _SESSION, room, 256)} bytes"


@attack(KERNEL)
def keep_a_key_in_the_kernel(world: World) -> str | None:
    return f"key {call('add_key', b'user', b'headgate', b'x', 1, -2)}"


@attack(KERNEL)
def see_the_keys_of_the_host(world: World) -> str | None:
    with open("/proc/keys") as file:
        return file.readline().strip() or None


@attack(KERNEL)
def lie_at_the_same_addresses(world: World) -> str | None:
    return f"was {call('personality', 0x0040000):#x}"


@attack(KERNEL)
def read_the_messages_of_the_kernel(world: World) -> str | None:
    room = ctypes.create_string_buffer(64)
    return f"{call('syslog', 3, room, 64)} bytes"


@attack(KERNEL)
def write_down_all_that_run(world: World) -> str | None:
    return reached("acct", b"nothing-there")


@attack(KERNEL)
def swap_to_a_file(world: World) -> str | None:
    return reached("swapon", b"nothing-there", 0)


@attack(KERNEL)
def stop_the_machine(world: World) -> str | None:
    """With words that the kernel does not take, if it lets the call in."""
    return reached("reboot", 1, 2, 3, None)


@attack(KERNEL)
def start_another_kernel(world: World) -> str | None:
    return reached("kexec_load", 0, 17, None, 1 << 20)


@attack(KERNEL)
def load_a_module(world: World) -> str | None:
    return reached("init_module", b"x", 1, b"")


@attack(KERNEL)
def load_a_module_from_a_file(world: World) -> str | None:
    return reached("finit_module", -1, b"", 0)


@attack(KERNEL)
def turn_the_clock(world: World) -> str | None:
    return reached("clock_settime", 0, None)


@attack(KERNEL)
def trim_the_clock(world: World) -> str | None:
    state = ctypes.create_string_buffer(_GET_STATE, 208)
    return f"state {call('adjtimex', state)}"


@attack(KERNEL)
def rename_the_machine(world: World) -> str | None:
    name = os.uname().nodename.encode()
    ctypes_name = ctypes.CDLL(None, use_errno=True)
    if ctypes_name.sethostname(name, len(name)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "set to what it is"


@attack(KERNEL)
def ask_for_quotas(world: World) -> str | None:
    return reached("quotactl", 0x80000700, None, 0, None)


@attack(KERNEL)
def watch_all_files(world: World) -> str | None:
    return f"descriptor {call('fanotify_init', 0x200, 0)}"


@attack(KERNEL)
def name_a_file_by_handle(world: World) -> str | None:
    handle = ctypes.create_string_buffer(b"\x80\0\0\0" + b"\0" * 136)
    mount = ctypes.create_string_buffer(8)
    return f"answered {call('name_to_handle_at', -100, b'/usr', handle, mount, 0)}"


@attack(KERNEL)
def hold_pages_in_a_pipe(world: World) -> str | None:
    read, write = os.pipe()
    page = ctypes.create_string_buffer(4096)
    place = ctypes.create_string_buffer(
        ctypes.addressof(page).to_bytes(8, "little") + (4096).to_bytes(8, "little"), 16
    )
    taken = call("vmsplice", write, place, 1, 0)
    os.close(read)
    return f"{taken} bytes"


@attack(KERNEL)
def run_a_program_that_is_no_file(world: World) -> str | None:
    return f"descriptor {call('memfd_create', b'x', 0)}"


@attack(KERNEL)
def make_calls_of_another_architecture(world: World) -> str | None:
    """The same work by 32-bit numbers, which a careless filter does not know."""
    if os.uname().machine != "x86_64":
        return None
    code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
    room = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    room.write(code)
    place = ctypes.addressof(ctypes.c_char.from_buffer(room))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(place)()
    return f"getpid by 32 bits answered {answer}" if answer > 0 else None


@attack(KERNEL)
def hold_a_capability(world: World) -> str | None:
    held = {it: _status(it) for it in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
    found = {name: value for name, value in held.items() if int(value, 16)}
    return str(found) if found else None


@attack(KERNEL)
def could_win_a_capability_by_a_program(world: World) -> str | None:
    return "no_new_privs is off" if _status("NoNewPrivs") != "1" else None


@attack(KERNEL)
def run_without_a_filter(world: World) -> str | None:
    return "seccomp is off" if _status("Seccomp") == "0" else None


@attack(KERNEL)
def become_another_user(world: World) -> str | None:
    os.setresuid(65533, 65533, 65533)
    return "became 65533"


@attack(KERNEL)
def see_the_token_in_the_mounts(world: World) -> str | None:
    with open("/proc/self/mountinfo") as file:
        return show(world, file.read())
