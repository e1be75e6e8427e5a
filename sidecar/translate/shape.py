"""What the two ways of a translation hand each other."""

from __future__ import annotations

from typing import Any

import msgspec

JSON = dict[str, Any]

ID_FALLBACK = "chatcmpl-mux"


class AnswerShape(msgspec.Struct, frozen=True, kw_only=True):
    """What the way back must know of the request.

    `model`: the route's, told where the provider gives none; `maker`: who thinks it, for the memory; `include_usage`:
    the client asked for usage in its stream; `legacy`: it speaks of `functions` instead of `tools`; `names`: tool names
    as sent → as the client knows them, where they differ; `response_tool`: the name of the tool that stands in for
    `response_format`, whose input is the content; `details`: the client carries signed thinking from turn to turn, as
    `reasoning_details`.
    """

    model: str
    maker: str = ""
    stream: bool = False
    include_usage: bool = False
    legacy: bool = False
    names: dict[str, str] = {}
    response_tool: str | None = None
    details: bool = False


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the provider's dialect: its body, extra headers, what was left out, and the shape of its answer."""

    body: JSON
    ignored: tuple[str, ...]
    shape: AnswerShape
    headers: tuple[tuple[str, str], ...] = ()
