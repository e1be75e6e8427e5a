"""A Responses request as a chat completion request.

Sources: OpenAI's API reference ("Responses", "Chat completions") and the requests of Codex.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.translate.checks import a_flag, a_list, a_number, an_integer, an_object, invalid, unsupported
from sidecar.translate.responses.items import read_input
from sidecar.translate.responses.tools import Tools, read_choice, read_tools
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target

#: Fields that are read here, or that mean nothing to the provider.
READ = frozenset(
    (
        "model", "input", "instructions", "stream", "stream_options", "max_output_tokens", "temperature", "top_p",
        "top_logprobs", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning", "include", "metadata",
        "store", "truncation", "background", "previous_response_id", "conversation", "prompt", "service_tier",
    )
)  # fmt: skip

#: Fields that chat has too, by the same name; the latter five are no part of Responses, and servers take them.
SHARED = (
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "user",
    "seed", "stop", "frequency_penalty", "presence_penalty", "logit_bias",
)  # fmt: skip

#: What needs a store of earlier answers, or one of prompts, and why there is no way around it.
REFUSED = {
    "previous_response_id": "The mux keeps no answers, so previous_response_id cannot be honoured here; "
    "send the whole conversation in input, with store: false.",
    "conversation": "The mux keeps no conversations, so conversation cannot be honoured here; "
    "send the whole of it in input, with store: false.",
    "prompt": "This provider has no stored prompts; send the prompt's text in instructions or input.",
}

#: Values that change nothing, so that nothing is lost with them.
NEUTRAL: JSON = {"max_tool_calls": 0, "moderation": {}, "context_management": [], "prompt_cache_options": {}}

#: `reasoning.effort` → what all servers with efforts know; Anthropic's models have a table of their own.
EFFORTS = {
    "none": "none", "minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high",
}  # fmt: skip

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A chat request, what was left out, and what the way back must know.

    `echo` are the fields of the request that its answer repeats; `seen` the ids of the calls in the conversation;
    `carries`: the client carries reasoning from turn to turn; `summary`: it asks for a summary of it; `logprobs`: it
    asks for those of its text.
    """

    chat: JSON
    ignored: tuple[str, ...]
    tools: Tools
    echo: JSON
    seen: frozenset[str] = frozenset()
    carries: bool = False
    summary: bool = False
    logprobs: bool = False


def to_chat(body: JSON, target: Target) -> Asked:
    """The request in the words of chat, with what was left out.

    Raises:
        BadRequest: the request is malformed (`invalid_request`), or asks for what cannot be had and would be missed
            (`unsupported_parameter`).
    """
    _refuse(body)
    lost = _lost(body, target)
    conversation = read_input(body, target, lost)
    tools = read_tools([*a_list(body.get("tools"), "tools"), *conversation.tools], lost)
    include = a_list(body.get("include"), "include")
    lost += [f"include.{name}" for name in include if name not in (ENCRYPTED, LOGPROBS)]
    chat: JSON = {"messages": conversation.messages}
    chat |= _limit(body, target, lost) | _sampling(body) | _reasoning(body, target, lost) | _text(body)
    chat |= _tools(body, tools, lost)
    chat |= {name: body[name] for name in (*SHARED, *target.extras) if body.get(name) is not None}
    if body.get("service_tier") not in (None, "auto"):
        chat["service_tier"] = body["service_tier"]
    most = an_integer(body.get("top_logprobs"), "top_logprobs")
    if logprobs := bool(most) or LOGPROBS in include:
        chat |= {"logprobs": True, **({"top_logprobs": most} if most else {})}
    if a_flag(body.get("stream"), "stream"):
        chat["stream"] = True
    reasoning = body.get("reasoning") or {}
    return Asked(
        chat=chat,
        ignored=tuple(dict.fromkeys(lost)),
        tools=tools,
        echo=echo_of(body),
        seen=frozenset(call["id"] for one in conversation.messages for call in one.get("tool_calls") or ()),
        carries=ENCRYPTED in include,
        summary=bool(reasoning.get("summary") or reasoning.get("generate_summary")),
        logprobs=logprobs,
    )


def echo_of(body: JSON) -> JSON:
    """The fields of a request that its answer repeats, with what OpenAI fills in for those that are not there."""
    reasoning = body.get("reasoning") if isinstance(body.get("reasoning"), dict) else None
    text = body.get("text") if isinstance(body.get("text"), dict) else {}
    tools = body.get("tools") if isinstance(body.get("tools"), list) else []
    return {
        "background": False,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **(reasoning or {})},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": None,
        "store": False,
        "temperature": body.get("temperature"),
        "text": {"format": {"type": "text"}, **(text or {})},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [_echoed(tool) for tool in tools or ()],
        "top_p": body.get("top_p"),
        "truncation": "disabled",
        "user": body.get("user"),
    }


def _echoed(tool: Any) -> Any:
    is_function = isinstance(tool, dict) and tool.get("type") == "function"
    return {"parameters": None, "strict": None, **tool} if is_function else tool


def _refuse(body: JSON) -> None:
    for name, sentence in REFUSED.items():
        if body.get(name):
            raise unsupported(name, sentence)
    if a_flag(body.get("background"), "background"):
        raise unsupported("background", "This provider cannot answer in the background; leave out background.")


def _lost(body: JSON, target: Target) -> list[str]:
    """Fields that have no place on the other side and were given a value that means something."""
    known = READ.union(SHARED, target.extras)
    lost = [
        name
        for name, value in body.items()
        if name not in known and value not in (None, False) and NEUTRAL.get(name) != value
    ]
    if body.get("store") is True:
        lost.append("store")
    if body.get("truncation") not in (None, "disabled"):
        lost.append("truncation")
    options = an_object(body.get("stream_options") or {}, "stream_options")
    return lost + [f"stream_options.{name}" for name, value in options.items() if value]


def _limit(body: JSON, target: Target, lost: list[str]) -> JSON:
    wanted = an_integer(body.get("max_output_tokens"), "max_output_tokens")
    if wanted is None:
        return {}
    if target.most and wanted > target.most:
        lost.append("max_output_tokens")
        wanted = target.most
    return {"max_tokens": wanted}


def _sampling(body: JSON) -> JSON:
    given = {name: a_number(body.get(name), name) for name in ("temperature", "top_p")}
    return {name: value for name, value in given.items() if value is not None}


def _reasoning(body: JSON, target: Target, lost: list[str]) -> JSON:
    reasoning = an_object(body.get("reasoning") or {}, "reasoning")
    plain = {"context": "auto", "mode": "standard"}
    known = ("effort", "summary", "generate_summary")
    lost += [
        f"reasoning.{name}"
        for name, value in reasoning.items()
        if name not in known and value is not None and plain.get(name) != value
    ]
    effort = reasoning.get("effort")
    if effort is None:
        return {}
    if not isinstance(effort, str) or effort not in EFFORTS:
        raise invalid("reasoning.effort", ", ".join(EFFORTS))
    if target.signs or EFFORTS[effort] == effort:
        return {"reasoning_effort": effort}
    lost.append("reasoning.effort")
    return {"reasoning_effort": EFFORTS[effort]}


def _text(body: JSON) -> JSON:
    """`text.format` as `response_format`, `text.verbosity` as `verbosity`."""
    text = an_object(body.get("text") or {}, "text")
    out: JSON = {}
    if text.get("verbosity") not in (None, "medium"):
        out["verbosity"] = text["verbosity"]
    form = an_object(text.get("format") or {"type": "text"}, "text.format")
    kind = form.get("type")
    if kind == "json_object":
        return {**out, "response_format": {"type": "json_object"}}
    if kind == "json_schema":
        named = {name: form[name] for name in ("name", "description", "schema", "strict") if form.get(name) is not None}
        an_object(named.get("schema"), "text.format.schema")
        return {**out, "response_format": {"type": "json_schema", "json_schema": {"name": "answer", **named}}}
    if kind != "text":
        raise invalid("text.format.type", "text, json_object or json_schema")
    return out


def _tools(body: JSON, tools: Tools, lost: list[str]) -> JSON:
    specs, choice = read_choice(body.get("tool_choice"), tools, lost)
    if not specs:
        return {}
    alone = body.get("parallel_tool_calls")
    a_flag(alone, "parallel_tool_calls")
    return {"tools": specs, **choice, **({"parallel_tool_calls": False} if alone is False else {})}
