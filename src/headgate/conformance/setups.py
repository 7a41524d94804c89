"""How a gateway must be set up to be tested, with ready configurations for some.

Rule 1: each gateway is set up as its own documentation advises for the clients of the suite.
"""

from __future__ import annotations

from dataclasses import dataclass

HOUSE_KEYS = {
    "messages": "sk-ant-api03-"
    + "house-key-of-the-conformance-suite-" * 2
    + "000000000000000000000AA",
    "chat": "sk-proj-" + "housekeyoftheconformancesuite0" * 2,
    "responses": "sk-proj-" + "housekeyoftheconformancesuite1" * 2,
}
"""what the gateway shows its upstreams: secrets to nobody"""
NAMES = {
    "messages": "claude-conformance",
    "chat": "chat-conformance",
    "responses": "responses-conformance",
}
"""what the gateway's own clients call the models"""
MODELS = {"messages": "claude-opus-4-8", "chat": "gpt-5.2", "responses": "gpt-6.1-sol"}
"""what the upstreams call them: their abilities are what both sides go by"""


@dataclass(frozen=True, slots=True)
class Setup:
    """A ready configuration."""

    file: str
    text: str
    start: str


_HEADGATE = """\
[server]
port = {port}

[providers.anthropic]
base_url = "{upstream}"
api_key = "env:ANTHROPIC_HOUSE_KEY"

# two providers of one kind: the first serves Chat Completions alone, the second Responses alone
[providers.chat-only]
kind = "openai"
base_url = "{upstream}"
api_key = "env:CHAT_HOUSE_KEY"
paths = {{ responses = "", embeddings = "" }}

[providers.responses-only]
kind = "openai"
base_url = "{upstream}"
api_key = "env:RESPONSES_HOUSE_KEY"
paths = {{ chat = "", embeddings = "" }}

# one try each, so that every answer of the upstream is seen by the client
[models]
"{messages}" = "anthropic:{messages_model} x1"
"{chat}" = "chat-only:{chat_model} x1"
"{responses}" = "responses-only:{responses_model} x1"
"""

_LITELLM = """\
model_list:
  - model_name: {messages}
    litellm_params:
      model: anthropic/{messages_model}
      api_base: {upstream}
      api_key: os.environ/ANTHROPIC_HOUSE_KEY
  # a server that serves Chat Completions alone
  - model_name: {chat}
    litellm_params:
      model: openai/{chat_model}
      use_chat_completions_api: true
      api_base: {upstream}/v1
      api_key: os.environ/CHAT_HOUSE_KEY
  # a model that is reached through Responses alone
  - model_name: {responses}
    litellm_params:
      model: openai/responses/{responses_model}
      api_base: {upstream}/v1
      api_key: os.environ/RESPONSES_HOUSE_KEY
general_settings:
  master_key: os.environ/CLIENT_KEY
litellm_settings:
  use_chat_completions_url_for_anthropic_messages: true
  drop_params: true
  modify_params: true
  num_retries: 0
  request_timeout: 600
  telemetry: false
router_settings:
  num_retries: 0
  disable_cooldowns: true
"""

SETUPS = {
    "headgate": Setup("headgate.toml", _HEADGATE, "headgate up --config headgate.toml"),
    "litellm": Setup("litellm.yaml", _LITELLM, "litellm --config litellm.yaml --port {port}"),
}


def text_of(name: str, upstream: str, port: int) -> str:
    """The configuration of this gateway in front of the scripted upstream."""
    models = {f"{surface}_model": model for surface, model in MODELS.items()}
    return SETUPS[name].text.format(upstream=upstream, port=port, **NAMES, **models)


def environment(client_key: str) -> dict[str, str]:
    """The variables that the configurations name."""
    return {
        "ANTHROPIC_HOUSE_KEY": HOUSE_KEYS["messages"],
        "CHAT_HOUSE_KEY": HOUSE_KEYS["chat"],
        "RESPONSES_HOUSE_KEY": HOUSE_KEYS["responses"],
        "CLIENT_KEY": client_key,
    }
