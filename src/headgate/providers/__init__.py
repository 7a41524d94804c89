"""Who serves what: a Provider is data, read from one TOML file beside this one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provider:
    """One upstream as the engine needs it, after configuration is resolved."""

    name: str
    """the name in headgate.toml; also the prefix of targets, as in `anthropic:claude-…`"""
    kind: str
    """the data file it came from"""
    base_url: str
    """scheme, host, optional port and path prefix; no trailing slash"""
    paths: dict[str, str]
    """surface -> path below base_url; a surface that is absent is not served"""
    auth: str
    """anthropic, bearer, x-api-key, api-key or none"""
    models: tuple[str, ...] = ()
    """name patterns this provider is asked for when no [models] entry says otherwise"""
    api_key: str = field(default="", repr=False)
    credentials: str = "house"
    """house: our api_key; client: the caller's own credential is forwarded"""
    headers: tuple[tuple[str, str], ...] = ()
    """sent with every request, after the caller's"""
    prices: str = ""
    """provider id in the price catalogue; empty: by model name"""
    free: bool = False
    """runs on the operator's own hardware: costs nothing per token"""
    verify_tls: bool = True
    ca_file: str = ""
    connect_s: float = 2.0
    call_s: float = 600.0
    silence_s: float = 300.0
    max_connections: int = 512
