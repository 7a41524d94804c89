"""What one model behind one provider can take, as far as saying an Ask to it depends on it.

Rule 1: abilities are data: a provider's file, a model's row and headgate.toml state them, and
no codec compares model names.
"""

from __future__ import annotations

from msgspec import Struct

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""from the least to the most"""


class Abilities(Struct, frozen=True, kw_only=True):
    thinking: tuple[str, ...] = ()
    """which of on, adaptive, off and between_tools may be asked for (Anthropic's wire)"""
    efforts: tuple[str, ...] = ()
    """the levels of effort it knows; empty: it does not reason on demand"""
    forced_tools: bool = True
    """may a call of a tool be demanded"""
    sampling: bool = True
    """temperature, top_p and top_k other than the default"""
    prefill: bool = False
    """may the conversation end with words of the assistant to be continued"""
    system_turns: bool = True
    """may the operator speak in the middle of a conversation"""
    stops: int | None = None
    """how many stop sequences; None: any number"""
    max_output: int | None = None
    images: bool = True
    documents: bool = True
    json_schema: bool = True
    json_object: bool = True
    custom_tools: bool = False
    """tools that take free text"""
    cache_marks: bool = False
    """breakpoints of its prompt cache (OpenAI's wire; Anthropic's always has them)"""
    session_key: bool = False
    """takes prompt_cache_key and safety_identifier"""
    reasoning_text: bool = False
    """takes back reasoning_content, as DeepSeek and its kin do"""
    max_tokens_field: str = "max_completion_tokens"
    """what Chat Completions' limit is called there: newer or older"""
    surface: str = ""
    """by which of its server's surfaces translated calls arrive best; empty: the usual"""
    developer: bool = False
    """calls the operator's role `developer` in Chat Completions"""
    code_tools: bool = False
    """runs its vendor's code tool itself: code_interpreter, code_execution"""


class Aim(Struct, frozen=True):
    """Where an Ask is going."""

    model: str
    abilities: Abilities
    stream: bool
