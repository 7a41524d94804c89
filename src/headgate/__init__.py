"""Headgate: one base URL for LLM traffic."""

__version__ = "0.1.0"
