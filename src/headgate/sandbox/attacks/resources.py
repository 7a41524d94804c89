"""Attacks that use up what the machine has; each stops by itself well before that.

Rule 1: what is told is how far it came; further than the run's limits is an escape.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import socket
import sys
import threading
import time

from .kit import World, attack, call, detached

RESOURCES = "resources"
MB = 1 << 20
FORKS = THREADS = 400
MEMORY_MB = 900
DISK_MB = 400
INODES = 20_000
OPEN_FILES = 2_000
CHUNK = b"\xa5" * MB
PAGE = 4096


@attack(RESOURCES, alone=True)
def fork_without_end(world: World) -> str | None:
    children = []
    try:
        for _ in range(FORKS):
            child = os.fork()
            if not child:
                time.sleep(3)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
    return f"{FORKS} processes"


@attack(RESOURCES, alone=True)
def start_threads_without_end(world: World) -> str | None:
    over = threading.Event()
    try:
        for _ in range(THREADS):
            threading.Thread(target=over.wait, daemon=True).start()
    finally:
        over.set()
    return f"{THREADS} threads"


@attack(RESOURCES, alone=True)
def take_memory_in_one_process(world: World) -> str | None:
    held = [bytearray(CHUNK) for _ in range(MEMORY_MB)]
    return f"{len(held)} MB"


@attack(RESOURCES, alone=True)
def take_memory_in_many_processes(world: World) -> str | None:
    """None of them as much as one may have."""
    read, write = os.pipe()
    for _ in range(6):
        if not os.fork():
            held = [bytearray(CHUNK) for _ in range(MEMORY_MB // 6)]
            os.write(write, b"x" if held else b"")
            time.sleep(3)
            os._exit(0)
    os.close(write)
    got = 0
    while got < 6 and (more := os.read(read, 6)):
        got += len(more)
    time.sleep(0.3)
    return f"{got} times {MEMORY_MB // 6} MB" if got == 6 else None


@attack(RESOURCES, alone=True)
def take_memory_that_is_shared(world: World) -> str | None:
    rooms = []
    for _ in range(6):
        room = mmap.mmap(-1, 150 * MB)
        for at in range(0, 150 * MB, PAGE):
            room[at] = 1
        rooms.append(room)
    return f"{len(rooms)} times 150 MB"


@attack(RESOURCES, alone=True)
def take_shared_memory_and_hide_it(world: World) -> str | None:
    """Pages that were given back are in no process's figures, yet they are kept."""
    libc = ctypes.CDLL(None, use_errno=True)
    kept = []
    for _ in range(6):
        room = mmap.mmap(-1, 150 * MB)
        for at in range(0, 150 * MB, PAGE):
            room[at] = 1
        place = ctypes.addressof(ctypes.c_char.from_buffer(room))
        if libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(150 * MB), 4):
            raise OSError(ctypes.get_errno(), "madvise")
        kept.append(room)
        time.sleep(0.05)
    return f"{len(kept)} times 150 MB hidden"


@attack(RESOURCES, alone=True)
def take_memory_as_a_file_without_a_name(world: World) -> str | None:
    kept = []
    for _ in range(6):
        fd = call("memfd_create", b"x", 0)
        for _ in range(100):
            os.write(fd, CHUNK)
        kept.append(fd)
    return "600 MB in files without a name"


@attack(RESOURCES, alone=True)
def take_memory_of_system_v(world: World) -> str | None:
    segment = call("shmget", 0, 600 * MB, 0o1600)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(segment, None, 0)
    libc.shmctl(segment, 0, None)
    ctypes.memset(place, 1, 600 * MB)
    return "600 MB of System V"


@attack(RESOURCES, alone=True)
def fill_the_kernels_queues(world: World) -> str | None:
    queue = call("msgget", 0, 0o1600)
    ctypes.CDLL(None).msgctl(queue, 0, None)
    return f"queue {queue}"


@attack(RESOURCES, alone=True)
def lock_memory(world: World) -> str | None:
    room = mmap.mmap(-1, 100 * MB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    place = ctypes.addressof(ctypes.c_char.from_buffer(room))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlock(ctypes.c_void_p(place), ctypes.c_size_t(100 * MB)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "100 MB locked"


def _filled(folder: str, megabytes: int) -> str:
    written, paths = 0, []
    try:
        for number in range(8):
            paths.append(os.path.join(folder, f"attack-{os.getpid()}-{number}"))
            with open(paths[-1], "wb", 0) as file:
                for _ in range(megabytes // 8):
                    written += file.write(CHUNK)
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)
    return f"{written // MB} MB in {folder}"


@attack(RESOURCES, alone=True)
def fill_the_work_folder(world: World) -> str | None:
    return _filled(".", DISK_MB)


@attack(RESOURCES, alone=True)
def fill_the_folder_of_temporary_files(world: World) -> str | None:
    return _filled("/tmp", DISK_MB)  # noqa: S108 - the attack's aim


@attack(RESOURCES, alone=True)
def fill_the_shared_memory(world: World) -> str | None:
    return _filled("/dev/shm", DISK_MB)  # noqa: S108 - the attack's aim


@attack(RESOURCES, alone=True)
def make_one_endless_file(world: World) -> str | None:
    try:
        with open("endless", "wb", 0) as file:
            for _ in range(DISK_MB):
                file.write(CHUNK)
    finally:
        os.unlink("endless")
    return f"{DISK_MB} MB in one file"


@attack(RESOURCES, alone=True)
def make_a_file_that_seems_endless(world: World) -> str | None:
    with open("sparse", "wb") as file:
        file.truncate(50 << 30)
    os.unlink("sparse")
    return "50 GB, sparse"


@attack(RESOURCES, alone=True)
def make_files_without_end(world: World) -> str | None:
    os.mkdir("many")
    made = 0
    try:
        for made in range(INODES):
            os.close(os.open(f"many/{made}", os.O_CREAT | os.O_WRONLY))
    finally:
        for number in range(made + 1):
            if os.path.exists(f"many/{number}"):
                os.unlink(f"many/{number}")
        os.rmdir("many")
    return f"{INODES} files"


@attack(RESOURCES, alone=True)
def make_folders_within_folders(world: World) -> str | None:
    os.mkdir("deep")
    os.chdir("deep")
    for _ in range(INODES // 2):
        os.mkdir("d")
        os.chdir("d")
    return f"{INODES // 2} deep"


@attack(RESOURCES, alone=True)
def open_files_without_end(world: World) -> str | None:
    kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(OPEN_FILES)]
    return f"{len(kept)} open files"


@attack(RESOURCES, alone=True)
def raise_its_own_limits(world: World) -> str | None:
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        _, hard = resource.getrlimit(kind)
        wanted = resource.RLIM_INFINITY if kind != resource.RLIMIT_NOFILE else 1 << 19
        if hard not in (resource.RLIM_INFINITY, wanted):
            resource.setrlimit(kind, (wanted, wanted))
    return "raised, or there were none"


@attack(RESOURCES, alone=True)
def leave_an_image_of_itself(world: World) -> str | None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (MB, MB))
    return f"core files of {MB} bytes, before {soft} and {hard}"


@attack(RESOURCES, alone=True)
def fill_the_buffers_of_pipes(world: World) -> str | None:
    """Memory of the kernel that is nobody's; its own bound is 64 MB of one user."""
    taken, kept = 0, []
    for _ in range(300):
        read, write = os.pipe2(os.O_NONBLOCK)
        kept.append((read, write))
        try:
            while True:
                taken += os.write(write, CHUNK[:65536])
        except BlockingIOError:
            continue
    return f"{taken // MB} MB in pipes" if taken > 64 * MB else None


@attack(RESOURCES, alone=True)
def send_descriptors_without_end(world: World) -> str | None:
    one, other = socket.socketpair()
    one.setblocking(False)
    sent = 0
    for _ in range(OPEN_FILES):
        socket.send_fds(one, [b"x"], [other.fileno()])
        sent += 1
    return f"{sent} descriptors under way"


@attack(RESOURCES, alone=True)
def run_longer_than_it_may(world: World) -> str | None:
    time.sleep(3)
    return "3 s went by"


@attack(RESOURCES, alone=True)
def burn_the_processor_longer_than_it_may(world: World) -> str | None:
    end = time.monotonic() + 3
    while time.monotonic() < end:
        pass
    return "3 s of work"


@attack(RESOURCES, alone=True)
def burn_the_processor_in_many_processes(world: World) -> str | None:
    for _ in range(3):
        if not os.fork():
            break
    end = time.monotonic() + 3
    while time.monotonic() < end:
        pass
    return "3 s of work in 4 processes"


@attack(RESOURCES, alone=True)
def stand_still_and_heed_no_signal(world: World) -> str | None:
    import signal

    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    time.sleep(3)
    return "3 s went by"


@attack(RESOURCES, alone=True)
def write_without_end(world: World) -> str | None:
    """The outside counts what came."""
    for _ in range(40):
        sys.stdout.write("x" * MB)
    sys.stdout.write("\n")
    sys.stdout.flush()
    return "40 MB of output were taken"


@attack(RESOURCES, alone=True)
def write_errors_without_end(world: World) -> str | None:
    for _ in range(40):
        sys.stderr.write("x" * MB)
    sys.stderr.flush()
    return "40 MB of errors were taken"


@attack(RESOURCES, alone=True)
def keep_the_output_open_after_its_end(world: World) -> str | None:
    """A harness that reads to the end waits for the grandchild."""
    detached(lambda: time.sleep(3))
    return None


@attack(RESOURCES, alone=True)
def fork_faster_than_it_can_be_killed(world: World) -> str | None:
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
    return "ran on for 3 s under changing numbers"


@attack(RESOURCES, alone=True)
def write_attributes_instead_of_data(world: World) -> str | None:
    with open("attributed", "w"):
        pass
    for number in range(600):
        os.setxattr("attributed", f"user.{number}", CHUNK[:60_000])
    return "36 MB in attributes of one file"
