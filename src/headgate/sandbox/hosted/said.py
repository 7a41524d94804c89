"""What a vendor's model did with the line it was asked to run, in words both vendors share."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from headgate.sandbox.hosted.parcel import Parcel


class Said(NamedTuple):
    """One answer."""

    container: str
    ran: tuple[str, ...]
    """what the model had run, in the vendor's own record of it"""
    logs: str
    """what that printed, in the same record"""
    is_ours: bool
    """was it our line, once, and nothing else"""
    bodies: tuple[bytes, ...]
    """the answers: tokens are counted in them"""
    files: tuple[str, ...] = ()
    """ids of what was left, where the answer names them"""


class Interpreter(Protocol):
    """A vendor's."""

    async def open(self, size: str) -> str:
        """A new container; empty: the first run makes one."""
        ...

    async def touch(self, container: str) -> None: ...

    async def close(self, container: str) -> None: ...

    async def run(self, parcel: Parcel, model: str, container: str) -> Said: ...

    async def files(self, said: Said, parcel: Parcel) -> dict[str, bytes]: ...

    async def clear(self, said: Said, parcel: Parcel) -> None:
        """Remove from the account what the run left there."""
        ...
