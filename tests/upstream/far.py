"""A TLS upstream behind a way on which all bytes take their time: the truth of a distance."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

PATIENCE_S = 10.0


@contextlib.contextmanager
def far_away(port: int, way_s: float) -> Iterator[int]:
    """A port from which bytes take `way_s` to the other one, and as long back."""

    there = ("127.0.0.1", port)

    def carry(near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(there) as far:
            back = threading.Thread(target=_pump, args=(far, near, way_s))
            back.start()
            _pump(near, far, way_s)
            back.join(PATIENCE_S)

    with _serving(carry) as found:
        yield found


@contextlib.contextmanager
def handshaking(context: ssl.SSLContext) -> Iterator[int]:
    """The port of an upstream that agrees on TLS and says nothing more."""

    def greet(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as tls:
            tls.settimeout(PATIENCE_S)
            tls.recv(1)

    with _serving(greet) as port:
        yield port


def _pump(come: socket.socket, go: socket.socket, way_s: float) -> None:
    come.settimeout(PATIENCE_S)
    with contextlib.suppress(OSError):
        while data := come.recv(65_536):
            time.sleep(way_s)
            go.sendall(data)
        go.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    threads: list[threading.Thread] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listening.accept()
                threads.append(threading.Thread(target=serve, args=(sock,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)
            for it in threads:
                it.join(PATIENCE_S)
