"""A provider that costs nothing: both vendors' wires, their caches and limits, faults on request."""
