"""Makes artefacts of what an order left in its output folder, within what may be handed on.

Rule 1: links are not followed, and only plain files with one name are taken.
"""

from __future__ import annotations

import hashlib
import os

from headgate.sandbox.model import Artefact, Limits
from headgate.sandbox.sniff import mime_of
from headgate.sandbox.worker.collect import Taking

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def collect(
    folder: str, limits: Limits, before: dict[str, tuple[int, int, int]]
) -> tuple[tuple[Artefact, ...], bool]:
    """The artefacts, and whether there was more than `limits` lets through.

    What is in `before` and unchanged is passed over; what is taken is added to it.
    """
    try:
        place = os.open(folder, _FOLDER)
    except OSError:
        return (), False
    found: list[Artefact] = []
    taking = Taking(limits.artefacts, limits.artefact_mb << 20, before)
    try:
        for left in taking.files(place):
            with os.fdopen(left.fd, "rb") as file:
                data = file.read(left.size)
            digest = hashlib.sha256(data).hexdigest()
            mime = mime_of(left.path, data)
            found.append(Artefact(left.path, len(data), digest, mime, data))
    finally:
        os.close(place)
    return tuple(found), taking.is_over
