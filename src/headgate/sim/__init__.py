"""A provider that costs nothing: both wires, caches, limits, and faults on request."""
