"""Nobody's code runs where it is not switched on, nor a key's that may not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.config.model import Config
from headgate.gateway.edge import LINE
from headgate.gateway.execute.visit import HOUSE, visit_of
from headgate.policy.permit import Grant
from headgate.sandbox.settings import Settings
from headgate.wire.call import Caller
from headgate.wire.model import Fault, Kind

ON = Config(sandbox=Settings(enabled=True))


def key(*grants: Grant) -> Any:
    """As much of a key as is asked."""
    team = SimpleNamespace(id="t_1")
    return SimpleNamespace(id="k_1", team=team, grants=lambda: list(grants))


def visit(config: Config, key: Any = None) -> Any:
    where: Any = ({LINE: None}, None)
    return visit_of(None, config, (key, Caller([])), where, "hg_1")  # type: ignore[arg-type]


def test_it_is_off_until_it_is_switched_on() -> None:
    with pytest.raises(Fault, match="no code is run here") as fault:
        visit(Config())
    assert fault.value.kind is Kind.FORBIDDEN


@pytest.mark.parametrize(("tenants", "tenant"), [("key", "key:k_1"), ("team", "team:t_1")])
def test_who_shares_a_worker_is_as_configured(tenants: str, tenant: str) -> None:
    config = replace(ON, sandbox=replace(ON.sandbox, tenants=tenants))
    assert visit(config, key()).tenant == tenant
    assert visit(config).tenant == HOUSE


def test_a_key_without_surfaces_may_and_one_with_others_may_not() -> None:
    assert visit(ON, key(Grant("key", "a", models=("gpt-*",)))).owner == "k_1"
    assert visit(ON, key(Grant("key", "a", surfaces=("execute", "chat")))).owner == "k_1"
    with pytest.raises(Fault, match="team 'b' may not run code; it may use chat"):
        visit(ON, key(Grant("team", "b", surfaces=("chat",))))
