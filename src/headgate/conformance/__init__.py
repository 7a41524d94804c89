"""Holds gateways to what clients need of them: any gateway, ours among them."""
