"""[archive]: decides whether sealed rows can lie where it says, and how long what is kept.

Rule 1: credentials of a bucket are no settings: they stand in AWS_* variables, as everywhere.
Rule 2: every node says it of itself, as it does of its ledger.
"""

from __future__ import annotations

import importlib.util
import re

import msgspec

from headgate.config.model import Archive
from headgate.config.problem import Report, join
from headgate.config.setting import ARCHIVE
from headgate.config.table import Table

BUCKET = "s3://"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[^?#\s]*)?")


def read_archive(table: Table) -> Archive:
    """The section; what is wrong with it is reported."""
    archive = msgspec.convert(table.read(ARCHIVE), Archive)
    report = table.report
    buckets = [
        name for name in ("path", "ship") if _bucket(join(table.path, name), archive, report)
    ]
    for name in ("endpoint", "region"):
        if getattr(archive, name) and not buckets:
            report.wrong(
                join(table.path, name),
                "is of a bucket, and no bucket is named",
                'path = "s3://BUCKET/PREFIX"',
            )
    if archive.endpoint and not re.match(r"https?://[^/]", archive.endpoint):
        report.wrong(
            join(table.path, "endpoint"),
            "must begin with http:// or https://",
            'endpoint = "https://storage.example.com"',
        )
    if archive.keep_s and archive.keep_s < archive.keep_hot_s:
        report.wrong(
            join(table.path, "keep_s"),
            "is shorter than keep_hot_s: rows would be gone as soon as they are sealed",
            "make keep_s longer, or 0 to keep them for ever",
        )
    return archive


def _bucket(place: str, archive: Archive, report: Report) -> bool:
    """Is it a bucket; if so, can it be one."""
    value = str(getattr(archive, place.rpartition(".")[2]))
    if "://" not in value:
        return False
    if not value.startswith(BUCKET):
        what = f"'{value.partition('://')[0]}://' is no place for segments"
        report.wrong(place, what, "name a folder, or s3://BUCKET/PREFIX")
    elif not _BUCKET.fullmatch(value):
        report.wrong(place, f"'{value}' names no bucket", "write s3://BUCKET/PREFIX")
    elif importlib.util.find_spec("obstore") is None:
        report.wrong(
            place,
            "needs the package obstore, which is not installed",
            "pip install 'headgate[s3]'",
        )
    return True
