"""What the gateway's routes share: the engine of the day, the keys, what was turned away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from headgate.config import Config
from headgate.engine import Engine, Ground
from headgate.gateway.cors import Cors
from headgate.gateway.execute.execution import Execution
from headgate.gateway.following import Following
from headgate.gateway.models import Models
from headgate.gateway.peers import Peers
from headgate.money.catalog import Catalog
from headgate.store.keys import Keys
from headgate.wire.model import Fault


@dataclass(slots=True)
class House:
    ground: Ground
    keys: Keys
    engine: Engine
    cors: Cors
    models: Models
    reload: Callable[[], list[str]]
    """read the configuration again and take it up; raises ConfigError and changes nothing"""
    refused: dict[str, int] = field(default_factory=dict)
    """requests turned away before they became calls, by kind of fault"""
    draining: bool = False
    peers: Peers = field(default_factory=Peers)
    """the other workers of this host"""
    following: Following | None = None
    """the configuration that nodes share; None: this node has its own"""
    execution: Execution | None = None
    """runs the code of callers; None: no code is run"""

    @classmethod
    def build(
        cls, config: Config, ground: Ground, keys: Keys, reload: Callable[[], list[str]]
    ) -> House:
        engine = Engine(config, ground)
        models = Models(config, ground.settlement.catalog)
        return cls(ground, keys, engine, Cors(config.server.cors_origins), models, reload)

    def take_up(self, config: Config, catalog: Catalog) -> None:
        """Serve new calls under another configuration; running ones finish under theirs."""
        engine = Engine(config, self.ground)
        self.models = Models(config, catalog)
        self.cors = Cors(config.server.cors_origins)
        self.ground.settlement.catalog = catalog
        self.engine = engine

    def turn_away(self, fault: Fault, call_id: str) -> None:
        self.refused[fault.kind] = self.refused.get(fault.kind, 0) + 1
        self.ground.settlement.journal.say(
            "refused", id=call_id, fault=fault.kind, message=fault.message
        )
