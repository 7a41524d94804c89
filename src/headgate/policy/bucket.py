"""Decides what may be taken from a bucket that time fills, and when the rest can be had.

Rule 1: whole numbers only, in thousandths of a unit; what is rounded is rounded against whoever
takes, so that no span of time grants more than a full bucket and what flows in meanwhile.
Rule 2: a clock that goes backwards grants nothing: time counts once. Set back by more than
PATIENCE_US, it is believed after that long.
Rule 3: what is larger than the bucket is granted of a full one, which is in debt then.
"""

from __future__ import annotations

import math
from typing import NamedTuple

THOUSAND = 1000
PATIENCE_US = 60_000_000
_FULL_AT_US = 60_000
"""microseconds of a minute by thousandths of a unit"""


class Bucket(NamedTuple):
    """What was in it at a moment."""

    level: int
    """in thousandths; below 0: in debt"""
    at_us: int


class Size(NamedTuple):
    """How large it is, and how fast it fills."""

    per_minute: int
    burst: int


class Want(NamedTuple):
    """How much of it is wished for, and how little would be of use."""

    take: int
    """below 0: give back"""
    least: int


class Drawn(NamedTuple):
    """What became of the wish."""

    bucket: Bucket
    granted: int
    wait_s: float
    """when `least` could be had, at the soonest; 0: it was granted"""


def full(size: Size, now_us: int) -> Bucket:
    """A bucket that nobody has taken from."""
    return Bucket(size.burst * THOUSAND, now_us)


def filled(bucket: Bucket, size: Size, now_us: int) -> Bucket:
    """The same bucket now."""
    brim = size.burst * THOUSAND
    level, at_us = min(bucket.level, brim), min(bucket.at_us, now_us + PATIENCE_US)
    lacking, passed = brim - level, now_us - at_us
    if passed <= 0:
        return Bucket(level, at_us)
    if size.per_minute * passed >= lacking * _FULL_AT_US:
        return Bucket(brim, now_us)
    gained = size.per_minute * passed // _FULL_AT_US
    if not gained:
        return Bucket(level, at_us)
    return Bucket(level + gained, at_us - -gained * _FULL_AT_US // size.per_minute)


def draw(bucket: Bucket, size: Size, want: Want, now_us: int) -> Drawn:
    """Take what is wished for, or as much of it as there is and is of use, or nothing."""
    bucket = filled(bucket, size, now_us)
    brim = size.burst * THOUSAND
    if want.take <= 0:
        level = min(brim, bucket.level - want.take * THOUSAND)
        return Drawn(bucket._replace(level=level), want.take, 0.0)
    least = min(max(want.least, 1), want.take)
    granted = min(want.take, max(bucket.level, 0) // THOUSAND)
    if granted < least:
        granted = least if least > size.burst and bucket.level >= brim else 0
    if granted:
        return Drawn(bucket._replace(level=bucket.level - granted * THOUSAND), granted, 0.0)
    lacking = min(least * THOUSAND, brim) - bucket.level
    if not size.per_minute:
        return Drawn(bucket, 0, math.inf)
    wait_us = lacking * _FULL_AT_US / size.per_minute + bucket.at_us - now_us
    return Drawn(bucket, 0, max(wait_us, 1) / 1_000_000)
