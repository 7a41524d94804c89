"""What is wrong is told in OpenAI's shape, with the field and the remedy."""

from __future__ import annotations

import pytest

from headgate.gateway.execute import trouble
from headgate.sandbox.model import Limits, Refused, Unavailable
from headgate.sandbox.settings import Settings
from headgate.wire.model import Fault, Kind


def test_a_wrong_field_is_named() -> None:
    told = trouble.fields(trouble.wrong("files[0]", "is bad", "mend it"), "hg_1")
    assert told == {
        "error": {
            "message": "files[0]: is bad; mend it",
            "type": "invalid_request_error",
            "param": "files[0]",
            "code": "invalid",
            "remedy": "mend it",
        },
        "request_id": "hg_1",
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused("x", "y"), 400, "invalid"),
        (Refused("x", "y", "not_found"), 404, "not_found"),
        (Refused("x", "y", "busy"), 503, "sandbox_busy"),
        (Unavailable("x", "y"), 503, "sandbox_unavailable"),
    ],
)
def test_what_the_sandbox_says_has_its_status(
    error: Refused | Unavailable, status: int, code: str
) -> None:
    found = trouble.of(error)
    assert found.consequence.status == status
    told = trouble.fields(found, "hg_1")
    assert isinstance(told["error"], dict)
    assert (told["error"]["code"], told["error"]["remedy"]) == (code, "y")


def test_a_limit_beyond_what_is_allowed_names_its_field() -> None:
    with pytest.raises(trouble.Trouble, match="wall_s = 999 is more than") as fault:
        trouble.check_limits(Settings(), Limits(wall_s=999))
    assert (fault.value.param, fault.value.kind) == ("limits", Kind.INVALID)
    trouble.check_limits(Settings(), Limits())


def test_only_what_time_alone_mends_is_worth_another_try() -> None:
    busy = dict(trouble.headers(trouble.of(Refused("x", "y", "busy")), "hg_1"))
    assert busy[b"retry-after"] == b"1"
    never = dict(trouble.headers(trouble.of(Unavailable("x", "y")), "hg_1"))
    assert never[b"x-should-retry"] == b"false"


def test_faults_of_other_routes_have_the_same_shape() -> None:
    told = trouble.fields(Fault(Kind.BUDGET, "spent"), "hg_1")
    assert isinstance(told["error"], dict)
    assert (told["error"]["type"], told["error"]["remedy"]) == ("insufficient_quota", None)
