"""Any row at all, for hypothesis: those the ledger takes, and those no engine should make."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from headgate.ledger.mend import ENTRY
from headgate.ledger.record import Entry

_INTEGERS = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_PLAIN: dict[type, st.SearchStrategy[Any]] = {
    int: _INTEGERS,
    str: _TEXTS,
    bytes: st.binary(max_size=20),
}


def entries() -> st.SearchStrategy[Entry]:
    """Any row that can be stored as it is."""
    values = {
        name: st.none() | _PLAIN[column.kind] if column.optional else _PLAIN[column.kind]
        for name, column in ENTRY.items()
    }
    return st.builds(Entry, **values)


def absurd_entries() -> st.SearchStrategy[Entry]:
    """Rows as no engine should make them: any kind of value in any column."""
    value = (
        st.none()
        | st.integers()
        | st.text(max_size=5)
        | st.binary(max_size=5)
        | st.floats()
        | st.booleans()
        | st.just("\ud800")
    )
    return st.builds(Entry, **dict.fromkeys(ENTRY, value))
