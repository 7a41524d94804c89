"""Carries frames and series of pandas: what they hold crosses, and is put together anew there.

Rule 1: columns, an index and the names of kinds cross: a frame that arrives is pandas' own.
Rule 2: a kind is one that pandas makes of its name; any other crosses as plain objects.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from headgate.sandbox.verdict.inside.known import Known, Rubbish

KINDS = re.compile(
    r"(bool|boolean|category|object|str|string(\[\w+\])?|[uUiI]nt\d+|[fF]loat\d+|complex\d+"
    r"|(datetime64|timedelta64)\[\w+(, [\w/+:-]+)?\]|period\[\w[\w-]*\])"
)


def is_table(value: object) -> bool:
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in (
        "DataFrame",
        "Series",
    )


def is_index(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Index)


def put(values: Any, value: Any, known: Known) -> Any:
    """A frame, a series or an index."""
    if is_index(value):
        return ["index", *_put_index(values, value, known)]
    number = known.add(value)
    if value.ndim == 1:
        name = values.encode(value.name, known)
        return ["series", number, name, _put_column(values, value), _of(values, value, known)]
    heads = _put_index(values, value.columns, known)
    columns = [_put_column(values, value.iloc[:, at]) for at in range(value.shape[1])]
    return ["frame", number, heads, columns, _of(values, value, known)]


def _of(values: Any, value: Any, known: Known) -> list[Any]:
    return _put_index(values, value.index, known)


def _put_index(values: Any, index: Any, known: Known) -> list[Any]:
    names = [values.encode(it, known) for it in index.names]
    if index.nlevels > 1:
        levels = [
            _put_column(values, index.get_level_values(at)) for at in range(index.nlevels)
        ]
        return ["many", names, levels]
    if type(index).__name__ == "RangeIndex":
        return ["range", names, [index.start, index.stop, index.step]]
    freq = getattr(index, "freqstr", None)
    return ["one", names, _put_column(values, index), freq if isinstance(freq, str) else None]


def _put_column(values: Any, column: Any) -> list[Any]:
    kind = str(column.dtype)
    if kind.startswith(("int", "uint", "float", "bool", "complex")) and kind != "boolean":
        return [kind, values.encode(column.to_numpy(copy=True), Known())]
    if kind == "category":
        told = column.dtype
        heads = _put_column(values, told.categories)
        codes = column.codes if is_index(column) else column.cat.codes
        return [kind, heads, [int(it) for it in codes], bool(told.ordered)]
    if kind.startswith(("datetime64", "timedelta64")):
        return [kind, [int(it) for it in column.astype("int64")]]
    pandas = sys.modules["pandas"]
    items = [None if it is pandas.NA else it for it in column.astype(object)]
    return [kind, values.encode_all(items, Known())]


def take(values: Any, frame: list[Any], known: Known) -> Any:
    import pandas  # type: ignore[import-untyped] # where the tests have it

    if frame[0] == "index":
        return _take_index(pandas, values, frame[1:], known)
    if frame[0] == "series":
        index = _take_index(pandas, values, frame[4], known)
        made = pandas.Series(
            _take_column(pandas, values, frame[3]), index=index,
            name=values.decode(frame[2], known),
        )  # fmt: skip
    else:
        index = _take_index(pandas, values, frame[4], known)
        columns = [_take_column(pandas, values, it) for it in frame[3]]
        made = pandas.DataFrame(dict(enumerate(columns)), index=index)
        made.columns = _take_index(pandas, values, frame[2], known)
    number = frame[1]
    if isinstance(number, int) and number >= 0:
        reserved = known.add(made)
        if reserved >= 0 and reserved != number:
            raise Rubbish("a container out of turn")
    return made


def _take_index(pandas: Any, values: Any, frame: list[Any], known: Known) -> Any:
    kind, names = frame[0], [values.decode(it, known) for it in frame[1]]
    if kind == "range":
        return pandas.RangeIndex(*[int(it) for it in frame[2]], name=names[0])
    if kind == "many":
        levels = [_take_column(pandas, values, it) for it in frame[2]]
        return pandas.MultiIndex.from_arrays(levels, names=names)
    made = pandas.Index(_take_column(pandas, values, frame[2]), name=names[0])
    if isinstance(frame[3], str) and hasattr(made, "freq") and made.freq is None:
        made.freq = frame[3]
    return made


def _take_column(pandas: Any, values: Any, frame: list[Any]) -> Any:
    kind = frame[0]
    if not isinstance(kind, str) or not KINDS.fullmatch(kind):
        kind = "object"
    if kind == "category" and len(frame) == 4:
        heads = _take_column(pandas, values, frame[1])
        return pandas.Categorical.from_codes(
            [int(it) for it in frame[2]], pandas.Index(heads), ordered=bool(frame[3])
        )
    if kind.startswith(("datetime64", "timedelta64")):
        return pandas.Index([int(it) for it in frame[1]]).astype(kind)
    items = values.decode(frame[1], Known()) if frame[1][:1] == ["numpy"] else None
    if items is None:
        items = values.decode_all(frame[1], Known())
    return pandas.array(items, dtype=kind) if kind != "object" else _objects(pandas, items)


def _objects(pandas: Any, items: Any) -> Any:
    return pandas.Series(list(items), dtype=object).array


def amend(thing: Any, new: Any) -> None:
    """Gives a frame of ours the content that the other side left in its copy."""
    thing._update_inplace(new)
