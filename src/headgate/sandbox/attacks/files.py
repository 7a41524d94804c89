"""Attacks on files and devices: what may be read, and what may be changed."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
import tempfile

from .kit import World, attack, call, show

READ, CHANGE = "files: reading", "files and devices: changing"
PLACES = ("/proc/1/root", "/proc/self/root", "/proc/{parent}/root", "/proc/{victim}/root")


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(1 << 16).decode("utf-8", "replace")


def _opens(path: str, flags: int) -> str:
    os.close(os.open(path, flags))
    return f"opened {path}"


def _first(paths: list[str], flags: int) -> str | None:
    """The first of them that opens; the last refusal, if none does."""
    refused: OSError = FileNotFoundError(2, "none of them is there")
    for path in paths:
        try:
            return _opens(path, flags)
        except OSError as error:
            refused = error
    raise refused


@attack(READ)
def read_a_file_of_the_host(world: World) -> str | None:
    return show(world, _text(world.at("secret")))


@attack(READ)
def read_a_private_key_in_the_home_folder(world: World) -> str | None:
    return show(world, _text(world.at("home/.ssh/id_ed25519")))


@attack(READ)
def read_the_credentials_of_the_gateway(world: World) -> str | None:
    return show(world, _text(world.at("home/.headgate/keys.db")))


@attack(READ)
def read_the_passwords_of_the_host(world: World) -> str | None:
    return "read" if ":" in _text("/etc/shadow") else None


@attack(READ)
def list_a_folder_of_the_host(world: World) -> str | None:
    return "listed" if "secret" in os.listdir(world.folder) else None


@attack(READ)
def see_that_a_file_of_the_host_exists(world: World) -> str | None:
    return f"size {os.stat(world.at('secret')).st_size}"


@attack(READ)
def read_the_shared_memory_of_the_host(world: World) -> str | None:
    return show(world, _text(world.shared))


@attack(READ)
def read_through_the_root_of_another_process(world: World) -> str | None:
    for place in PLACES:
        top = place.format(parent=os.getppid(), victim=world.victim)
        try:
            return show(world, _text(top + world.at("secret")))
        except OSError:
            continue
    return None


@attack(READ)
def read_through_the_folder_of_another_process(world: World) -> str | None:
    return show(world, _text(f"/proc/{world.victim}/cwd/secret"))


@attack(READ)
def read_through_a_link_in_the_work_folder(world: World) -> str | None:
    os.symlink(world.at("secret"), "link-to-secret")
    try:
        return show(world, _text("link-to-secret"))
    finally:
        os.unlink("link-to-secret")


@attack(READ)
def read_through_a_hard_link_in_the_work_folder(world: World) -> str | None:
    os.link(world.at("secret"), "hard-link-to-secret")
    try:
        return show(world, _text("hard-link-to-secret"))
    finally:
        os.unlink("hard-link-to-secret")


@attack(READ)
def climb_out_of_the_work_folder_by_dots(world: World) -> str | None:
    return show(world, _text("../" * 40 + world.at("secret").lstrip("/")))


@attack(READ)
def leave_a_change_of_root_by_an_open_folder(world: World) -> str | None:
    top = os.open("/", os.O_RDONLY)
    with tempfile.TemporaryDirectory(dir=".") as inner:
        os.chroot(inner)
        os.fchdir(top)
        os.chroot("." + "/.." * 40)
        return show(world, _text(world.at("secret")))


@attack(READ)
def open_a_file_by_the_number_of_its_inode(world: World) -> str | None:
    handle = ctypes.create_string_buffer(b"\x08\x00\x00\x00\x01\x00\x00\x00\x02" + b"\0" * 15)
    top = os.open("/", os.O_RDONLY)
    fd = call("open_by_handle_at", top, handle, os.O_RDONLY)
    return f"opened the root inode as {fd}"


@attack(READ)
def read_the_disk_itself(world: World) -> str | None:
    return _first(["/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda"], os.O_RDONLY)


@attack(READ)
def read_the_memory_of_the_machine(world: World) -> str | None:
    return _first(["/dev/mem", "/proc/kcore", "/dev/port"], os.O_RDONLY)


@attack(READ)
def read_the_log_of_the_kernel(world: World) -> str | None:
    return _first(["/dev/kmsg", "/proc/kmsg"], os.O_RDONLY | os.O_NONBLOCK)


@attack(READ)
def read_where_the_kernel_lies_in_memory(world: World) -> str | None:
    lines = _text("/proc/kallsyms").splitlines()
    shown = [it for it in lines if it and int(it.split()[0], 16)]
    return shown[0] if shown else None


@attack(READ)
def read_what_the_machine_is(world: World) -> str | None:
    return _first(["/sys/class/dmi/id/product_uuid", "/etc/machine-id"], os.O_RDONLY)


@attack(READ)
def read_an_inherited_descriptor(world: World) -> str | None:
    for fd in range(3, 1024):
        try:
            found = show(world, os.pread(fd, 4096, 0).decode("latin1"))
        except OSError:
            continue
        if found:
            return f"{found} from descriptor {fd}"
    return None


@attack(READ)
def reopen_a_descriptor_of_the_parent(world: World) -> str | None:
    return show(world, _text(f"/proc/{os.getppid()}/fd/{world.descriptor}"))


@attack(READ)
def find_a_socket_that_commands_containers(world: World) -> str | None:
    for path in ("/var/run/docker.sock", "/run/podman/podman.sock", world.socket):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            return f"saw {path}"
    return None


@attack(CHANGE)
def overwrite_a_file_of_the_host(world: World) -> str | None:
    with open(world.at("overwritten"), "w") as file:
        file.write("by an attack")
    return "written"


@attack(CHANGE)
def append_to_a_start_file_in_the_home_folder(world: World) -> str | None:
    with open(world.at("appended"), "a") as file:
        file.write("by an attack")
    return "written"


@attack(CHANGE)
def cut_a_file_of_the_host_short(world: World) -> str | None:
    os.truncate(world.at("truncated"), 1)
    return "truncated"


@attack(CHANGE)
def remove_a_file_of_the_host(world: World) -> str | None:
    os.unlink(world.at("removed"))
    return "removed"


@attack(CHANGE)
def rename_a_file_of_the_host(world: World) -> str | None:
    os.rename(world.at("renamed"), world.at("renamed-by-an-attack"))
    return "renamed"


@attack(CHANGE)
def change_the_mode_of_a_file_of_the_host(world: World) -> str | None:
    os.chmod(world.at("chmodded"), 0o700)
    return "changed"


@attack(CHANGE)
def change_the_times_of_a_file_of_the_host(world: World) -> str | None:
    os.utime(world.at("touched"), (1, 1))
    return "changed"


@attack(CHANGE)
def make_a_file_beside_the_decoys(world: World) -> str | None:
    with open(world.at("made-by-an-attack"), "w") as file:
        file.write("x")
    return "made"


@attack(CHANGE)
def put_a_file_into_the_library_of_the_interpreter(world: World) -> str | None:
    place = os.path.join(os.path.dirname(world.interpreter), "headgate_attack.py")
    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(place)
    return "made and removed"


@attack(CHANGE)
def put_a_file_among_the_programs_of_the_system(world: World) -> str | None:
    place = "/usr/bin/headgate-attack"
    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(place)
    return "made and removed"


@attack(CHANGE)
def put_a_file_into_the_settings_of_the_system(world: World) -> str | None:
    place = "/etc/headgate-attack"
    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(place)
    return "made and removed"


@attack(CHANGE)
def name_a_program_that_the_kernel_runs_on_a_crash(world: World) -> str | None:
    return _opens("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@attack(CHANGE)
def name_a_program_that_the_kernel_runs_for_modules(world: World) -> str | None:
    return _opens("/proc/sys/kernel/modprobe", os.O_WRONLY)


@attack(CHANGE)
def press_the_kernels_emergency_keys(world: World) -> str | None:
    return _opens("/proc/sysrq-trigger", os.O_WRONLY)


@attack(CHANGE)
def drop_the_caches_of_the_machine(world: World) -> str | None:
    return _opens("/proc/sys/vm/drop_caches", os.O_WRONLY)


@attack(CHANGE)
def raise_the_limits_of_the_machine(world: World) -> str | None:
    return _opens("/proc/sys/user/max_user_namespaces", os.O_WRONLY)


@attack(CHANGE)
def name_a_program_that_a_control_group_runs(world: World) -> str | None:
    places = [f"/sys/fs/cgroup/{it}/release_agent" for it in ("memory", "pids", "cpu")]
    return _first([*places, "/sys/fs/cgroup/cgroup.procs"], os.O_WRONLY)


@attack(CHANGE)
def answer_for_a_device_that_appears(world: World) -> str | None:
    return _first(["/sys/kernel/uevent_helper", "/sys/power/state"], os.O_WRONLY)


@attack(CHANGE)
def teach_the_kernel_a_format_of_programs(world: World) -> str | None:
    return _opens("/proc/sys/fs/binfmt_misc/register", os.O_WRONLY)


@attack(CHANGE)
def make_a_node_of_the_disk(world: World) -> str | None:
    os.mknod("node-of-a-disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
    os.unlink("node-of-a-disk")
    return "made"


@attack(CHANGE)
def make_a_node_of_the_machines_memory(world: World) -> str | None:
    os.mknod("node-of-memory", 0o600 | stat.S_IFCHR, os.makedev(1, 1))
    os.unlink("node-of-memory")
    return "made"


@attack(CHANGE)
def open_a_device_that_makes_machines(world: World) -> str | None:
    return _first(["/dev/kvm", "/dev/vhost-vsock", "/dev/vhost-net"], os.O_RDWR)


@attack(CHANGE)
def open_a_device_that_makes_networks_or_disks(world: World) -> str | None:
    return _first(["/dev/net/tun", "/dev/loop-control", "/dev/fuse"], os.O_RDWR)


@attack(CHANGE)
def leave_a_program_that_acts_for_its_owner(world: World) -> str | None:
    with open("acts-for-its-owner", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod("acts-for-its-owner", stat.S_ISUID | 0o700)
    mode = os.stat("acts-for-its-owner").st_mode
    return f"mode {mode:o}" if mode & stat.S_ISUID else None


@attack(CHANGE)
def leave_a_program_that_acts_for_its_group(world: World) -> str | None:
    flags = os.O_CREAT | os.O_WRONLY
    fd = os.open("acts-for-its-group", flags, 0o755)
    os.fchmod(fd, 0o2755)
    mode = os.fstat(fd).st_mode
    return f"mode {mode:o}" if mode & stat.S_ISGID else None


@attack(CHANGE)
def leave_a_program_with_capabilities(world: World) -> str | None:
    with open("has-capabilities", "w") as file:
        file.write("#!/bin/sh\n")
    setuid = b"\x01\x00\x00\x02\x80\x00\x00\x00" + b"\0" * 12
    os.setxattr("has-capabilities", "security.capability", setuid)
    return "set"


@attack(CHANGE)
def mount_the_system_writable(world: World) -> str | None:
    call("mount", b"none", b"/", b"none", 32 | 4096 | 1, None)
    return "remounted"


@attack(CHANGE)
def change_the_interpreter_while_it_runs(world: World) -> str | None:
    return _opens(os.path.realpath(sys.executable), os.O_RDWR)


@attack(CHANGE)
def make_its_parent_the_first_to_die_for_memory(world: World) -> str | None:
    with open(f"/proc/{world.victim}/oom_score_adj", "w") as file:
        file.write("999")
    return "written"
