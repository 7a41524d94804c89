"""The engine: takes a Call, drives providers until it is answered, and settles it once."""

from headgate.engine.ground import Ground
from headgate.engine.journal import Journal
from headgate.engine.meter import Meters
from headgate.engine.settle import Settlement
from headgate.engine.story import Engine
from headgate.engine.sweep import sweep
from headgate.engine.tally import Sink, Tally

__all__ = ["Engine", "Ground", "Journal", "Meters", "Settlement", "Sink", "Tally", "sweep"]
