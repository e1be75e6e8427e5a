"""An OpenAI chat completion request as an Anthropic Messages request.

Sources: OpenAI's and Anthropic's API references; what each model takes is in `models`.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from sidecar.translate.checks import a_flag, a_list, a_number, an_integer, unsupported
from sidecar.translate.effort import BINDING_BETA, DROP_UNBOUND, Effort, asked_effort, read_effort, switched_off
from sidecar.translate.models import Traits, traits_of
from sidecar.translate.shape import JSON, AnswerShape, Translated
from sidecar.translate.target import Target
from sidecar.translate.tools import Format, Tools, read_format, read_tools, with_response_tool
from sidecar.translate.turns import Conversation, has_thinking, open_tool_calls, read_messages, without_thinking

#: The most that is asked for by default where a model could give more.
DEFAULT_MAX_TOKENS = 32_000

#: Fields that are read here, or that mean nothing to the provider.
READ = frozenset(
    (
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p",
        "top_k", "stop", "n", "logprobs", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls",
        "response_format", "reasoning_effort", "reasoning", "user", "safety_identifier", "service_tier", "thinking",
        "output_config",
    )
)  # fmt: skip

#: Anthropic's own fields that a client may add.
NATIVE = ("cache_control", "container", "context_management", "mcp_servers", "inference_geo", "speed")

#: Values that change nothing, so that nothing is lost with them.
NEUTRAL: JSON = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "store": False,
    "modalities": ["text"],
    "verbosity": "medium",
    "metadata": {},
    "top_logprobs": 0,
}

SERVICE_TIERS = {"auto": "auto", "default": "standard_only"}


def to_messages(body: JSON, target: Target) -> Translated:
    """The request in Anthropic's words, with what was left out.

    Raises:
        BadRequest: the request is malformed (`invalid_request`), or asks for what would make the answer a lie
            (`unsupported_parameter`).
    """
    _refuse(body)
    traits = traits_of(target.model)
    talk = read_messages(body.get("messages"), target.memory, target.maker)
    tools, form = read_tools(body, traits), read_format(body.get("response_format"), traits)
    if form.tool:
        tools = with_response_tool(tools, form.tool)
    limit = _limit(body, traits, target.most)
    effort = _effort(body, traits, limit.tokens, talk, tools)
    sampling = _sampling(body, traits, effort)
    stops, lost_stops = _stops(body.get("stop"))
    out: JSON = {"model": target.model, "max_tokens": limit.tokens, **_conversation(talk, effort, form)}
    out |= sampling.fields | stops | _identity(body) | _thinking(body, effort, form) | _tools(tools)
    if a_flag(body.get("stream"), "stream"):
        out["stream"] = True
    out |= {name: body[name] for name in NATIVE if body.get(name) is not None}
    headers = _bind(out, traits)
    ignored = (*_unknown(body), *limit.ignored, *sampling.ignored, *lost_stops, *tools.ignored, *effort.ignored)
    shape = _shape(body, target, tools, form)
    return Translated(body=out, ignored=tuple(dict.fromkeys(ignored)), shape=shape, headers=headers)


def _refuse(body: JSON) -> None:
    """What cannot be had and would be missed in the answer."""
    if (an_integer(body.get("n"), "n") or 1) > 1:
        raise unsupported("n", "This provider gives one choice for each request; leave out n.")
    if body.get("logprobs"):
        raise unsupported("logprobs", "This provider gives no log probabilities; leave out logprobs.")


def _shape(body: JSON, target: Target, tools: Tools, form: Format) -> AnswerShape:
    options = body.get("stream_options")
    answers = form.tool is not None and any(spec is form.tool for spec in tools.specs)
    return AnswerShape(
        model=target.model,
        maker=target.maker,
        stream=bool(body.get("stream")),
        include_usage=bool(isinstance(options, dict) and options.get("include_usage")),
        legacy=tools.legacy,
        names=tools.names,
        response_tool=form.tool["name"] if form.tool and answers else None,
        details=target.details,
    )


class _Part(NamedTuple):
    """Fields of the request, and the names of those that were left out."""

    fields: JSON
    ignored: tuple[str, ...] = ()


class _Limit(NamedTuple):
    tokens: int
    ignored: tuple[str, ...] = ()


def _limit(body: JSON, traits: Traits, most: int | None) -> _Limit:
    """`max_tokens`, which Anthropic requires, and refuses above the model's own."""
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    wanted = an_integer(body.get(name), name)
    if wanted is None:
        return _Limit(min(most, DEFAULT_MAX_TOKENS) if most else traits.max_tokens)
    if most and wanted > most:
        return _Limit(most, (name,))
    return _Limit(wanted)


def _effort(body: JSON, traits: Traits, max_tokens: int, talk: Conversation, tools: Tools) -> Effort:
    """Thinking as asked for, unless the conversation or a forced tool call rules it out."""
    wanted = asked_effort(body)
    effort = read_effort(wanted, traits, max_tokens)
    if isinstance(own := body.get("thinking"), dict):  # Anthropic's own field, as the client has it
        effort = effort._replace(thinking=own, on=own.get("type") not in ("disabled", "between_tools"))
    elif wanted in (None, "none"):
        return effort
    if not effort.on:
        return effort
    if talk.unknown & open_tool_calls(talk.turns):
        return _off(effort, traits, "thinking")
    forced = tools.choice is not None and tools.choice["type"] in ("any", "tool")
    if forced and effort.thinking and effort.thinking.get("type") == "enabled":
        return _off(effort, traits, "reasoning_effort")  # "may not be enabled when tool_choice forces tool use"
    return effort


def _off(effort: Effort, traits: Traits, name: str) -> Effort:
    """The request without thinking, or with all of the effort asked for where thinking cannot be switched off."""
    off = switched_off(traits, name)
    return off._replace(effort=effort.effort if off.on else None, ignored=(*effort.ignored, name))


def _sampling(body: JSON, traits: Traits, effort: Effort) -> _Part:
    """What the model takes of temperature (0 to 2 → 0 to 1), top_p and top_k."""
    given: JSON = {name: a_number(body.get(name), name) for name in ("temperature", "top_p", "top_k")}
    given = {name: value for name, value in given.items() if value is not None}
    ignored: list[str] = []
    if not traits.sampling:
        return _Part({}, tuple(given))
    if effort.on:  # "temperature may only be set to 1 when thinking is enabled"
        ignored += [name for name, value in given.items() if name != "top_p" and value != 1]
        ignored += ["top_p"] if not 0.95 <= given.get("top_p", 1) <= 1 else []
    elif not traits.both_samplers and "temperature" in given and "top_p" in given:
        ignored.append("top_p")
    kept = {name: value for name, value in given.items() if name not in ignored}
    if "temperature" in kept:
        kept["temperature"] = min(max(kept["temperature"], 0), 1)
    return _Part(kept, tuple(ignored))


def _stops(stop: Any) -> tuple[JSON, tuple[str, ...]]:
    """Stop sequences without those of white space alone, which Anthropic refuses."""
    given = [stop] if isinstance(stop, str) else a_list(stop, "stop")
    kept = [text for text in given if isinstance(text, str) and text.strip()]
    return ({"stop_sequences": kept} if kept else {}), (("stop",) if len(kept) < len(given) else ())


def _identity(body: JSON) -> JSON:
    """The user as a hash (Anthropic wants no names or addresses), and the service tier."""
    out: JSON = {}
    user = body.get("safety_identifier") or body.get("user")
    if isinstance(user, str) and user:
        out["metadata"] = {"user_id": hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()}
    if tier := SERVICE_TIERS.get(str(body.get("service_tier"))):
        out["service_tier"] = tier
    return out


def _thinking(body: JSON, effort: Effort, form: Format) -> JSON:
    config = dict(body["output_config"]) if isinstance(body.get("output_config"), dict) else {}
    if effort.effort:
        config["effort"] = effort.effort
    if form.schema:
        config["format"] = {"type": "json_schema", "schema": form.schema}
    out: JSON = {"output_config": config} if config else {}
    return {**out, "thinking": effort.thinking} if effort.thinking else out


def _conversation(talk: Conversation, effort: Effort, form: Format) -> JSON:
    system = list(talk.system)
    if form.sentence:
        system.append({"type": "text", "text": form.sentence})
    out: JSON = {"messages": talk.turns if effort.on else without_thinking(talk.turns)}
    if any(len(block) > 2 for block in system):  # more than type and text: cache_control, which only blocks can bear
        out["system"] = system
    elif system:
        out["system"] = "\n".join(block["text"] for block in system)
    return out


def _tools(tools: Tools) -> JSON:
    out: JSON = {"tools": tools.specs} if tools.specs else {}
    return {**out, "tool_choice": tools.choice} if tools.choice else out


def _bind(out: JSON, traits: Traits) -> tuple[tuple[str, str], ...]:
    """Where thinking is bound to the conversation and some is sent back, ask to drop what no longer fits."""
    thinking = out.get("thinking") or {"type": "adaptive"}
    if not traits.bound or thinking.get("type") != "adaptive" or not has_thinking(out["messages"]):
        return ()
    out["thinking"] = {"block_binding": DROP_UNBOUND, **thinking}
    return (BINDING_BETA,)


def _unknown(body: JSON) -> tuple[str, ...]:
    """Fields that have no place on the other side and were given a value that means something."""
    tier = body.get("service_tier")
    lost = ["service_tier"] if tier is not None and tier not in SERVICE_TIERS else []
    if isinstance(nested := body.get("reasoning"), dict) and nested.keys() - {
        "effort",
        "enabled",
        "exclude",
        "summary",
    }:
        lost.append("reasoning")
    if any(message.get("name") for message in body["messages"] if message.get("role") not in ("tool", "function")):
        lost.append("messages.name")
    strange = (name for name, value in body.items() if name not in READ and name not in NATIVE and value is not None)
    return (*(name for name in strange if name not in NEUTRAL or body[name] != NEUTRAL[name]), *lost)
