"""Seals what is kept outside of a process's memory: it is read by whoever knows what was asked.

Rule 1: the key is made of the question (policy/replycache.py), and kept nowhere.
Rule 2: a box opens under its own name alone: one that was moved to another, cut or changed
does not open.
Rule 3: the cipher is loaded when something is sealed or unsealed first, and never at start-up.
"""

from __future__ import annotations

import os

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES

_AES_GCM = b"\x01"
"""begins every box: how it was made"""


def seal(key: bytes, plain: bytes, name: bytes) -> bytes:
    """A box that holds it; no two are alike."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return _AES_GCM + nonce + AESGCM(key).encrypt(nonce, plain, name)


def unseal(key: bytes, box: bytes, name: bytes) -> bytes | None:
    """What is in it; None: it is not such a box, or not one of this key and name."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(box) < OVERHEAD_BYTES or box[:1] != _AES_GCM:
        return None
    nonce, sealed = box[1 : 1 + NONCE_BYTES], box[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, sealed, name)
    except InvalidTag:
        return None
