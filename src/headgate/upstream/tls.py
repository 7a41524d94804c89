"""Decides whom an upstream connection trusts: one TLS context per kind of trust.

Rule 1: certificates are verified unless the operator switched it off for this provider.
Rule 2: a context is built once, off the event loop: reading the system's roots takes long.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field

from headgate.upstream.request import Url
from headgate.wire.model import Fault, Kind


def build(verify_tls: bool, ca_file: str) -> ssl.SSLContext:
    """A client context; `ca_file` replaces the system's authorities."""
    if verify_tls:
        context = ssl.create_default_context(cafile=ca_file or None)
    else:  # without the system's authorities: OpenSSL would search them at every handshake
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(slots=True)
class Trust:
    """The contexts built, or being built, so far."""

    _contexts: dict[tuple[bool, str], asyncio.Future[ssl.SSLContext]] = field(
        default_factory=dict
    )

    async def context(self, url: Url) -> ssl.SSLContext | None:
        """The context for this upstream; None: it speaks plain HTTP."""
        if url.scheme != "https":
            return None
        kind = (url.verify_tls, url.ca_file)
        building = self._contexts.get(kind)
        if building is None:
            loop = asyncio.get_running_loop()
            building = self._contexts[kind] = loop.run_in_executor(None, build, *kind)
        try:
            return await building
        except OSError as error:
            self._contexts.pop(kind, None)  # the file may be there at the next call
            raise Fault(
                Kind.CONNECTION,
                f"cannot reach {url.place}: its ca_file {url.ca_file!r} cannot be used"
                f" ({error.strerror or error}); name a readable PEM file",
            ) from error


def explain(url: Url, error: OSError) -> Fault:
    """What went wrong after the connection stood and before TLS did, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate was not accepted: {error.verify_message}"
        remedy = "set ca_file for a private authority, or correct base_url"
    elif isinstance(error, ssl.SSLError):
        why = f"no TLS was agreed on: {error.reason or error}"
        remedy = "is it a plain HTTP port? then base_url begins with http://"
    else:
        why = "it closed the connection during the TLS handshake"
        remedy = "is it an HTTPS port?"
    text = f"cannot reach {url.place}: {why}; {remedy}"
    return Fault(Kind.CONNECTION, text, detail=str(error))
