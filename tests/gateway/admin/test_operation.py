"""The table of operations is one that can be routed, checked and described."""

from __future__ import annotations

import pytest

from headgate.gateway.admin import OPERATIONS
from headgate.gateway.admin.operation import Operation
from headgate.policy.role import RIGHTS


@pytest.mark.parametrize("each", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_operation_takes_a_right_and_is_done_in_one_place(each: Operation) -> None:
    assert each.right in RIGHTS or each.path == "/admin/whoami"
    assert (each.store is None) is not (each.live is None)
    assert each.changes is (each.method != "GET")
    assert each.summary
    if each.right:
        assert each.right.endswith(":read") is not each.changes
    if each.body is not None:
        assert each.changes


def test_no_two_operations_share_a_method_and_path() -> None:
    names = [(each.method, each.path) for each in OPERATIONS]
    assert len(names) == len(set(names))


def test_every_right_opens_something() -> None:
    assert {each.right for each in OPERATIONS} - {""} == set(RIGHTS)
