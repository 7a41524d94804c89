"""Takes notes with descriptors by a row of calls: who waits so touches next to no page.

Rule 1: a note is bytes; what they mean is the reader's to know, who trusts the sender.
"""

from __future__ import annotations

import ctypes

from headgate.sandbox.worker.calls import Row

_CONTROL = 64
"""bytes: a head and up to twelve descriptors"""
_HEAD = 16
_CLOEXEC = 0x40000000


class Inbox:
    """Where one socket's notes arrive, one at a time."""

    def __init__(self, row: Row, fd: int, size: int) -> None:
        """The row ends up waiting for a note on `fd`, and takes it."""
        self._data = ctypes.create_string_buffer(size)
        self._control = (ctypes.c_uint64 * (_CONTROL // 8))()
        self._part = (ctypes.c_uint64 * 2)(ctypes.addressof(self._data), size)
        self._head = (ctypes.c_uint64 * 7)(
            0, 0, ctypes.addressof(self._part), 1, ctypes.addressof(self._control), _CONTROL, 0
        )
        self._fds = (ctypes.c_int * (_CONTROL // 4)).from_buffer(self._control)
        self._row = row
        row.want(row.call("recvmsg", fd, self._head, _CLOEXEC))

    @property
    def address(self) -> int:
        """Of the first byte of what has arrived."""
        return ctypes.addressof(self._data)

    def taken(self) -> tuple[bytes, list[int]]:
        """What the row has taken; nothing: the other side is gone."""
        data = ctypes.string_at(self.address, self._row.results()[-1])
        count = (self._control[0] - _HEAD) // 4 if self._head[5] >= _HEAD else 0
        self._head[5] = _CONTROL
        return data, self._fds[4 : 4 + count]
