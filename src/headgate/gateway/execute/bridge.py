"""The way from one worker of a host to another: a socket file that only this user can reach.

Rule 1: whoever connects shows that it knows what only processes of this ledger know.
Rule 2: a caller that goes away ends what it asked for, as it would at its own worker.
Rule 3: a worker that cannot be reached is a fault with words, never a wait without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import io
import os
import stat
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from headgate.gateway.execute.ops import Answer, Ask, Begin, Begun, Failed, Hear
from headgate.gateway.execute.trouble import Trouble
from headgate.sandbox.model import Made, Output
from headgate.wire.model import Fault, Kind

CONNECT_S = 2.0
LONGEST = 1 << 30
PIECE = 1 << 18
LONGEST_PATH = 100
"""bytes; the kernel takes 107"""
_SECRET = b"headgate: runs of code, from worker to worker"
_News = Output | Made | Begun | Answer | Failed
_encode = msgspec.msgpack.Encoder().encode
_read_ask: msgspec.msgpack.Decoder[Ask] = msgspec.msgpack.Decoder(Ask)
_read_news: msgspec.msgpack.Decoder[_News] = msgspec.msgpack.Decoder(_News)

Do = Callable[[Ask, Hear | None, Begin | None], Awaitable[Answer]]


def secret_of(key: bytes) -> bytes:
    """What workers show each other, from a key that only they can read."""
    return hmac.new(key, _SECRET, hashlib.sha256).digest()


def folder(crew: int) -> Path:
    """Where the workers of one supervisor have their sockets; OSError: it is not ours."""
    where = tempfile.gettempdir()
    where = where if len(os.fsencode(where)) <= LONGEST_PATH // 2 else "/tmp"  # noqa: S108 - it is checked
    found = Path(where) / f"headgate-{os.getuid()}-{crew}"
    found.mkdir(mode=0o700, exist_ok=True)
    seen = found.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o077:
        raise OSError(f"{found} belongs to somebody else, or others may enter it")
    return found


def socket_of(where: Path, place: int) -> Path:
    return where / f"{place}.sock"


class Bridge:
    """This worker's end: serves the others, and asks them."""

    def __init__(self, where: Path, place: int, secret: bytes, do: Do) -> None:
        self._where = where
        self._place = place
        self._secret = secret
        self._do = do
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Let the others in; OSError says why not."""
        path = socket_of(self._where, self._place)
        await asyncio.to_thread(path.unlink, missing_ok=True)  # a dead predecessor's
        self._server = await asyncio.start_unix_server(self._answer, path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.to_thread(socket_of(self._where, self._place).unlink, missing_ok=True)
        with contextlib.suppress(OSError):  # the last to leave
            await asyncio.to_thread(self._where.rmdir)

    # ---- asking

    async def ask(
        self, place: int, ask: Ask, hear: Hear | None = None, begins: Begin | None = None
    ) -> Answer:
        """What the worker in that place says; Fault: nothing, or that it cannot be asked."""
        path = socket_of(self._where, place)
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_unix_connection(path)
        except (OSError, TimeoutError):
            raise _unreachable(place) from None
        try:
            _put(writer, self._secret)
            await _put_long(writer, ask)
            while True:
                news = await _news(await _take(reader))
                if isinstance(news, Answer):
                    return news
                if isinstance(news, Failed):
                    raise _fault(news)
                if isinstance(news, Begun):
                    if begins is not None:
                        begins()
                elif hear is not None:
                    hear(news)
        except (OSError, asyncio.IncompleteReadError):
            raise _unreachable(place) from None
        finally:
            writer.close()

    # ---- answering

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not hmac.compare_digest(await _take(reader, len(self._secret)), self._secret):
            return
        data = await _take(reader)
        long = len(data) > PIECE
        ask = (
            await asyncio.to_thread(_read_ask.decode, data) if long else _read_ask.decode(data)
        )

        def hear(it: Output | Made | Begun) -> None:
            _put(writer, _encode(it))

        doing = asyncio.ensure_future(self._do(ask, hear, lambda: hear(Begun())))
        leaving = asyncio.ensure_future(reader.read(1))  # whoever asks says nothing more
        try:
            await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                return
            await _put_long(writer, _told(doing))
        finally:
            for each in (doing, leaving):
                each.cancel()
            await asyncio.gather(doing, leaving, return_exceptions=True)


def _told(doing: asyncio.Future[Answer]) -> Answer | Failed:
    error = doing.exception()
    if error is None:
        return doing.result()
    if not isinstance(error, Fault):
        return Failed(Kind.INTERNAL, f"the worker of this session failed: {error!r}")
    if isinstance(error, Trouble):
        return Failed(
            error.kind,
            error.message,
            error.param,
            error.code,
            error.remedy,
            error.retry_after,
        )
    return Failed(error.kind, error.message, retry_after=error.retry_after)


def _fault(failed: Failed) -> Trouble:
    return Trouble(
        failed.kind,
        failed.message,
        param=failed.param,
        code=failed.code,
        remedy=failed.remedy,
        retry_after=failed.retry_after,
    )


def _unreachable(place: int) -> Trouble:
    return Trouble(
        Kind.BUSY,
        f"worker {place} of this gateway, where this is kept, cannot be reached",
        code="worker_unreachable",
        remedy="if it ended, its sessions ended with it: open a new one",
        retry_after=1.0,
    )


def _put(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(len(data).to_bytes(4, "big"))
    writer.write(data)


async def _put_long(writer: asyncio.StreamWriter, said: msgspec.Struct) -> None:
    """What may be long, piece by piece: others have their turn between them."""
    data = await asyncio.to_thread(_encode, said)
    writer.write(len(data).to_bytes(4, "big"))
    seen = memoryview(data)
    for at in range(0, len(seen), PIECE):
        writer.write(seen[at : at + PIECE])
        await writer.drain()
    await writer.drain()


async def _take(reader: asyncio.StreamReader, most: int = LONGEST) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > most:
        raise OSError("a longer message than there can be")
    if size <= PIECE:
        return await reader.readexactly(size)
    found = io.BytesIO()
    while (left := size - found.tell()) > 0:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", size)
        found.write(piece)
    return found.getvalue()


async def _news(data: bytes) -> _News:
    """A long one is read in a thread."""
    if len(data) <= PIECE:
        return _read_news.decode(data)
    return await asyncio.to_thread(_read_news.decode, data)
