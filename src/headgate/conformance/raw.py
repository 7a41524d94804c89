"""A probe by hand: requests that no HTTP client of ours sends, such as HEAD and an upgrade.

Rule 1: only the reply's head is read; whatever follows is nobody's business here.
"""

from __future__ import annotations

import asyncio
import ssl

from headgate.conformance.case import Got, Sending
from headgate.upstream import Url

MAX_HEAD = 64 * 1024


def by_hand(sending: Sending) -> bool:
    """Must this request be written by hand."""
    return sending.method == "HEAD" or any(k == b"upgrade" for k, _ in sending.headers)


async def probe(sending: Sending, url: str, limit_s: float) -> Got:
    """The head of the reply, or how there was none."""
    got = Got()
    try:
        async with asyncio.timeout(limit_s):
            head = await _exchange(sending, Url.parse(url))
        lines = head.split(b"\r\n")
        got.status = int(lines[0].split()[1])
        pairs = (line.partition(b":") for line in lines[1:] if b":" in line)
        got.headers = [(name.lower(), value.strip()) for name, _, value in pairs]
    except TimeoutError:
        got.broke = f"no answer within {limit_s:g} s"
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError) as error:
        got.broke = f"no answer: {type(error).__name__}: {error}"
    return got


async def _exchange(sending: Sending, url: Url) -> bytes:
    context = ssl.create_default_context() if url.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        url.host, url.port, ssl=context, limit=MAX_HEAD
    )
    try:
        fields = [(b"host", url.authority), *sending.headers]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
        target = (url.path + sending.path).encode()
        writer.write(
            sending.method.encode() + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n"
        )
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
