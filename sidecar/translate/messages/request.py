"""An Anthropic Messages request as an OpenAI chat completion request.

Sources: Anthropic's API reference ("Messages", "Tool use", "Structured outputs") and OpenAI's ("Chat completions").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar.translate.checks import a_list, a_number, an_integer, an_object
from sidecar.translate.messages.estimate import tokens_of_request
from sidecar.translate.messages.tools import read_choice, read_tools
from sidecar.translate.messages.turns import read_conversation
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target

#: Fields that are read here, or that mean nothing to the provider.
READ = frozenset(
    (
        "model", "messages", "system", "max_tokens", "metadata", "stop_sequences", "stream", "temperature", "top_k",
        "top_p", "tools", "tool_choice", "thinking", "output_config", "output_format", "service_tier",
    )
)  # fmt: skip

#: The budget (in tokens) from which on thinking by budget is asked for as this effort, the highest first.
BUDGETS = ((16_000, "high"), (6_000, "medium"), (0, "low"))

#: `output_config.effort` → what all servers with efforts know.
EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A chat request, what was left out, and what the way back must know.

    `names`: tool names as sent → as the client knows them, where they differ; `stops`: the client's stop sequences;
    `calls`: the ids of the tool calls of the conversation so far.
    """

    chat: JSON
    ignored: tuple[str, ...]
    names: Mapping[str, str]
    stops: tuple[str, ...] = ()
    calls: frozenset[str] = frozenset()


def to_chat(body: JSON, target: Target) -> Asked:
    """The request in OpenAI's words, with what was left out.

    Raises:
        BadRequest: the request is malformed (`invalid_request`), or holds what the model would miss and chat cannot
            carry (`unsupported_parameter`).
    """
    lost: list[str] = [name for name, value in body.items() if name not in READ and value is not None]
    tools = read_tools(body.get("tools"), lost)
    chat: JSON = {"messages": read_conversation(body, tools, target, lost)}
    chat |= _limit(body, target, lost) | _sampling(body, target, lost) | _effort(body, lost) | _format(body, lost)
    if tools.specs:
        chat |= {"tools": tools.specs, **read_choice(body.get("tool_choice"), tools, lost)}
    stops = [stop for stop in a_list(body.get("stop_sequences"), "stop_sequences") if isinstance(stop, str)]
    chat |= {"stop": stops} if stops else {}
    chat |= _user(body, lost)
    if body.get("service_tier") not in (None, "auto"):
        lost.append("service_tier")
    if body.get("stream") is True:
        chat["stream"] = True
    return Asked(
        chat=chat, ignored=tuple(dict.fromkeys(lost)), names=tools.names, stops=tuple(stops), calls=_calls_in(chat)
    )


def _calls_in(chat: JSON) -> frozenset[str]:
    return frozenset(call["id"] for message in chat["messages"] for call in message.get("tool_calls") or ())


def _limit(body: JSON, target: Target, lost: list[str]) -> JSON:
    """`max_tokens`, cut to what the model has room for: clients ask for Claude's 32,000 of models that have less."""
    wanted = an_integer(body.get("max_tokens"), "max_tokens")
    if wanted is None:
        return {}
    limits = [target.most] if target.most else []
    if target.window and wanted > target.window // 2:
        limits.append(max(target.window - tokens_of_request(body), target.window // 8))
    limit = min([wanted, *limits])
    if limit < wanted:
        lost.append("max_tokens")
    return {"max_tokens": limit}


def _sampling(body: JSON, target: Target, lost: list[str]) -> JSON:
    given = {name: a_number(body.get(name), name) for name in ("temperature", "top_p", "top_k")}
    given = {name: value for name, value in given.items() if value is not None}
    if "top_k" in given and "top_k" not in target.extras:
        del given["top_k"]
        lost.append("top_k")
    return given


def _effort(body: JSON, lost: list[str]) -> JSON:
    """`thinking` and `output_config.effort` as `reasoning_effort`."""
    thinking = an_object(body.get("thinking") or {}, "thinking")
    effort = an_object(body.get("output_config") or {}, "output_config").get("effort")
    kind = thinking.get("type")
    if kind == "disabled":
        return {"reasoning_effort": "none"}
    if isinstance(effort, str) and effort in EFFORTS:
        if EFFORTS[effort] != effort:
            lost.append("output_config.effort")
        return {"reasoning_effort": EFFORTS[effort]}
    budget = an_integer(thinking.get("budget_tokens"), "thinking.budget_tokens")
    if kind == "enabled" and budget is not None:
        return {"reasoning_effort": next(word for least, word in BUDGETS if budget >= least)}
    return {"reasoning_effort": "medium"} if kind in ("enabled", "adaptive") else {}


def _format(body: JSON, lost: list[str]) -> JSON:
    """The schema of a structured answer, and what else stands beside it that chat does not know."""
    config: JSON = an_object(body.get("output_config") or {}, "output_config")
    lost += [f"output_config.{name}" for name in config if name not in ("effort", "format")]
    wanted = config.get("format") or body.get("output_format")
    if wanted is None:
        return {}
    wanted = an_object(wanted, "output_config.format")
    if wanted.get("type") != "json_schema":
        lost.append("output_config.format")
        return {}
    schema = an_object(wanted.get("schema"), "output_config.format.schema")
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    }


def _user(body: JSON, lost: list[str]) -> JSON:
    """`metadata.user_id` as a hash: agents put account and session into it."""
    metadata: Any = body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str) or not user:
        lost += ["metadata"] if metadata else []
        return {}
    return {"user": hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()}
