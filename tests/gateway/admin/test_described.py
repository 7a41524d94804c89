"""The description of the admin API: complete, and true to the table it is written from."""

from __future__ import annotations

import json
from typing import Any

from headgate.gateway.admin import OPENAPI, OPERATIONS
from headgate.gateway.admin.described import describe_all
from headgate.gateway.admin.operation import Operation


def described(each: Operation) -> Any:
    return OPENAPI["paths"][each.path][each.method.lower()]


def test_every_operation_has_a_name_a_summary_and_the_statuses_it_answers_with() -> None:
    names = [described(each)["operationId"] for each in OPERATIONS]
    assert len(names) == len(set(names))
    for each in OPERATIONS:
        found = described(each)
        assert found["summary"] == each.summary
        assert {str(each.status), "401", "403", "503"} <= set(found["responses"])
        assert ("requestBody" in found) is (each.body is not None)
        assert each.right in found["description"]
        for answer in found["responses"].values():
            assert answer["content"]["application/json"]["schema"]


def test_a_body_that_may_be_empty_is_not_required() -> None:
    rotate = OPENAPI["paths"]["/admin/keys/{id}/rotate"]["post"]
    create = OPENAPI["paths"]["/admin/keys"]["post"]
    assert (rotate["requestBody"]["required"], create["requestBody"]["required"]) == (
        False,
        True,
    )


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(OPENAPI)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in OPENAPI["components"]["schemas"]


def test_parameters_are_those_of_the_path_and_the_query() -> None:
    log = OPENAPI["paths"]["/admin/log"]["get"]["parameters"]
    assert [each["name"] for each in log] == ["limit", "after", "since", "actor", "action"]
    (one,) = OPENAPI["paths"]["/admin/keys/{id}"]["get"]["parameters"]
    assert (one["name"], one["in"], one["required"]) == ("id", "path", True)
    assert describe_all([])["paths"].keys() == {
        "/admin/login",
        "/admin/callback",
        "/admin/logout",
    }
