"""Attacks that try to speak with anything beyond the place they run in."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import time

from .kit import World, attack, call, detached, show

NETWORK = "network"
LOCAL, LOCAL6 = "127.0.0.1", "::1"
METADATA = "169.254.169.254"
VSOCK_HOST = 2
LISTENED_S = 0.3


@attack(NETWORK)
def speak_tcp_to_the_host(world: World) -> str | None:
    with socket.create_connection((LOCAL, world.tcp), 2) as line:
        line.sendall(b"speak tcp to the host")
    return "connected"


@attack(NETWORK)
def speak_tcp6_to_the_host(world: World) -> str | None:
    with socket.create_connection((LOCAL6, world.tcp6), 2) as line:
        line.sendall(b"speak tcp6 to the host")
    return "connected"


@attack(NETWORK)
def speak_udp_to_the_host(world: World) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"speak udp to the host", (LOCAL, world.udp))
    return "sent"


@attack(NETWORK)
def speak_tcp_by_the_first_packet(world: World) -> str | None:
    """TCP Fast Open sends without a connect."""
    with socket.socket() as line:
        line.sendto(b"speak tcp by the first packet", 0x20000000, (LOCAL, world.tcp))
    return "sent"


@attack(NETWORK)
def speak_multipath_tcp_to_the_host(world: World) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as line:
        line.connect((LOCAL, world.tcp))
    return "connected"


@attack(NETWORK)
def speak_to_the_host_from_a_shell(world: World) -> str | None:
    script = f"echo speak to the host from a shell > /dev/tcp/{LOCAL}/{world.tcp}"
    done = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, check=False, timeout=3
    )
    return "connected" if done.returncode == 0 else None


@attack(NETWORK)
def ask_a_name_server(world: World) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        question = struct.pack("!6H", 1, 256, 1, 0, 0, 0) + b"\7example\0\0\1\0\1"
        line.connect((LOCAL, world.udp))
        line.send(question)
    return "asked"


@attack(NETWORK)
def reach_the_metadata_of_a_cloud(world: World) -> str | None:
    """Counted as reached if the kernel so much as tries a route."""
    with socket.socket() as line:
        line.settimeout(0.2)
        try:
            line.connect((METADATA, 80))
        except TimeoutError:
            return "a packet left"
    return "connected"


@attack(NETWORK)
def open_a_port_that_the_host_can_reach(world: World) -> str | None:
    with socket.create_server((LOCAL, 0)) as server:
        return f"listens on {server.getsockname()[1]}"


@attack(NETWORK)
def speak_to_a_socket_by_its_path(world: World) -> str | None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(world.socket)
        line.sendall(b"speak to a socket by its path")
    return "connected"


@attack(NETWORK)
def send_a_datagram_by_path_from_a_pair(world: World) -> str | None:
    one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendmsg([b"send a datagram by path from a pair"], [], 0, world.datagrams)
    return "sent"


@attack(NETWORK)
def speak_to_an_abstract_socket(world: World) -> str | None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0" + world.abstract)
        line.sendall(b"speak to an abstract socket")
    return "connected"


@attack(NETWORK)
def speak_to_the_hypervisor(world: World) -> str | None:
    """A refused connection was one that arrived."""
    with socket.socket(socket.AF_VSOCK) as line:
        line.settimeout(0.3)
        try:
            line.connect((VSOCK_HOST, 1))
        except (ConnectionResetError, TimeoutError):
            return "it answered"
    return "connected"


@attack(NETWORK)
def listen_to_the_hypervisor(world: World) -> str | None:
    with socket.socket(socket.AF_VSOCK) as line:
        line.bind((0xFFFFFFFF, 0xFFFFFFFF))
        line.listen()
        return f"listens on {line.getsockname()}"


@attack(NETWORK)
def ask_the_kernel_for_its_networks(world: World) -> str | None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as line:
        line.sendto(struct.pack("=IHHIIBxxxIII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0), (0, 0))
        return f"{len(line.recv(65536))} bytes"


@attack(NETWORK)
def listen_to_the_kernels_news_of_devices(world: World) -> str | None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15) as line:
        line.bind((0, 1))
    return "listens"


@attack(NETWORK)
def speak_to_the_kernels_audit(world: World) -> str | None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9).close()
    return "made"


@attack(NETWORK)
def read_raw_packets(world: World) -> str | None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300).close()
    return "made"


@attack(NETWORK)
def send_raw_ip(world: World) -> str | None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    return "made"


@attack(NETWORK)
def use_the_kernels_ciphers(world: World) -> str | None:
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as line:
        line.bind(("hash", "sha256"))
    return "bound"


@attack(NETWORK)
def use_a_rare_family_of_sockets(world: World) -> str | None:
    """Rarely used code of the kernel is where its holes are."""
    for family in (4, 5, 9, 21, 26, 29, 30, 31, 35, 38, 41, 44):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError:
            continue
        return f"made one of family {family}"
    return None


@attack(NETWORK)
def read_the_connections_of_the_host(world: World) -> str | None:
    with open("/proc/net/tcp") as file:
        return "seen" if f":{world.tcp:04X} " in file.read() else None


@attack(NETWORK)
def make_a_socket_by_the_ring(world: World) -> str | None:
    """io_uring makes sockets without the call that a filter sees."""
    room = ctypes.create_string_buffer(120)
    return f"ring {call('io_uring_setup', 2, room)}"


@attack(NETWORK)
def take_a_descriptor_over_a_socket(world: World) -> str | None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(world.socket)
        line.sendall(b"take a descriptor over a socket")
        line.settimeout(1)
        _, descriptors, _, _ = socket.recv_fds(line, 16, 1)
    return show(world, os.pread(descriptors[0], 4096, 0).decode())


@attack(NETWORK)
def let_a_child_without_parents_speak(world: World) -> str | None:
    def speak() -> None:
        time.sleep(LISTENED_S)
        with socket.create_connection((LOCAL, world.tcp), 1) as line:
            line.sendall(b"let a child without parents speak")

    detached(speak)
    return None
