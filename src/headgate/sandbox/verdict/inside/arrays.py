"""Carries arrays of numpy: their bytes, shape and kind; rows of named fields too.

Rule 1: a kind is made of a name that is known here; objects cross one by one, as values.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from headgate.sandbox.verdict.inside.known import Known, Rubbish, known_as

DTYPE = re.compile(r"[<>|=][?biufcmMSUV]\d*(\[.*\])?")


def put(values: Any, value: Any, known: Known) -> Any:
    if value.dtype.names and value.shape and not value.dtype.hasobject:
        data = base64.b64encode(value.tobytes()).decode()
        return ["struct", known.add(value), value.dtype.descr, list(value.shape), data]
    if value.dtype.hasobject or value.dtype.names:
        return ["objects", list(value.shape), values.encode_all(value.ravel().tolist(), known)]
    number = known.add(value) if hasattr(value, "__setitem__") and value.shape else -1
    data = base64.b64encode(value.tobytes()).decode()
    is_scalar = type(value).__name__ != "ndarray"
    return ["numpy", number, value.dtype.str, list(value.shape), data, is_scalar]


def _numpy() -> Any:
    import numpy

    return numpy


def take(values: Any, frame: list[Any], known: Known) -> Any:
    _, number, dtype, shape, data, is_scalar = frame
    if not isinstance(dtype, str) or not DTYPE.fullmatch(dtype):
        raise Rubbish("an array of an unknown type")
    array = _numpy().frombuffer(base64.b64decode(data), dtype=dtype).reshape(shape).copy()
    return array[()] if is_scalar else known_as(known, number, array)


def take_struct(values: Any, frame: list[Any], known: Known) -> Any:
    _, number, fields, shape, data = frame
    for one in fields:
        if not all(isinstance(it, str) for it in one[:2]) or not DTYPE.fullmatch(one[1]):
            raise Rubbish("an array of an unknown type")
    kind = _numpy().dtype([tuple(it[:2]) for it in fields])
    array = _numpy().frombuffer(base64.b64decode(data), dtype=kind).reshape(shape).copy()
    return known_as(known, number, array)


def take_objects(values: Any, frame: list[Any], known: Known) -> Any:
    items = values.decode_all(frame[2], known)
    array = _numpy().empty(len(items), dtype=object)
    for at, it in enumerate(items):
        array[at] = it
    return array.reshape(frame[1])
