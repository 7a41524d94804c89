"""Decides what kind of content a file holds by looking at its bytes; its name only refines.

Rule 1: a name never makes more of bytes than they are: no picture, document or archive by name.
Rule 2: text is text only if all of it that is looked at is UTF-8 without control characters.
"""

from __future__ import annotations

import os

PLAIN, UNKNOWN = "text/plain", "application/octet-stream"
_LOOK = 4096
_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"(\xb5/\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"ARROW1", "application/vnd.apache.arrow.file"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\0asm", "application/wasm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
)
_IN_ZIP = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".npz": "application/x-npz",
}
_TEXTS = {
    ".csv": "text/csv",
    ".css": "text/css",
    ".geojson": "application/geo+json",
    ".htm": "text/html",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".ndjson": "application/jsonl",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".tsv": "text/tab-separated-values",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_CONTROL = frozenset(range(32)) - set(b"\t\n\r\f\b\x1b")


def mime_of(path: str, data: bytes) -> str:
    """The media type of a file."""
    suffix = os.path.splitext(path)[1].lower()
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _IN_ZIP.get(suffix, "application/zip")
    for at, magic, mime in _MAGIC:
        if data[at : at + len(magic)] == magic and (magic != b"BM" or _is_bitmap(data)):
            return mime
    return _text(suffix, data[:_LOOK], is_cut=len(data) > _LOOK)


def _is_bitmap(data: bytes) -> bool:
    return len(data) > 14 and int.from_bytes(data[2:6], "little") == len(data)


def _text(suffix: str, start: bytes, *, is_cut: bool) -> str:
    if _CONTROL.intersection(start):
        return UNKNOWN
    try:
        start.decode()
    except UnicodeDecodeError as error:
        if not is_cut or error.start < len(start) - 3:  # a character may be cut in two
            return UNKNOWN
    known = _TEXTS.get(suffix)
    if known == "image/svg+xml" and b"<svg" not in start:
        return PLAIN
    return known or (_by_content(start.lstrip()) if start else PLAIN)


def _by_content(start: bytes) -> str:
    if start.startswith((b"<svg", b"<?xml")) and b"<svg" in start:
        return "image/svg+xml"
    if start[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return PLAIN
