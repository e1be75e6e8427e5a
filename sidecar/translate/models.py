"""What each generation of Claude accepts, as a table: the differences live here and nowhere in the code's branches.

Sources: Anthropic's pages "Models overview", "What's new" and "Migration guide" of each model, "Thinking", "Effort",
"Structured outputs", "Preserved thinking" (autumn 2026), and error messages in recorded traffic.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

ThinkingMode = Literal["none", "budget", "adaptive"]
Off = Literal["disabled", "between_tools", "never"]

LOW_TO_HIGH = ("low", "medium", "high")
WITHOUT_XHIGH = (*LOW_TO_HIGH, "max")
ALL_EFFORTS = (*LOW_TO_HIGH, "xhigh", "max")


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a model accepts.

    `thinking`: not at all, by `budget_tokens`, or `adaptive`; `on`: it thinks unless told otherwise; `off`: how it is
    told otherwise (`never`: it cannot be); `efforts`: the values of `output_config.effort`; `display`: its thinking is
    returned empty unless `summarized` is asked for; `bound`: it refuses thinking blocks whose conversation was
    edited, unless told to drop them; `sampling`: temperature, top_p, top_k; `both_samplers`: temperature together
    with top_p; `forced`: a forced tool choice; `schema`: `output_config.format` and strict tools; `max_tokens`: the
    default where neither the client nor the listing names one.
    """

    thinking: ThinkingMode = "budget"
    on: bool = False
    off: Off = "disabled"
    efforts: tuple[str, ...] = ()
    display: bool = False
    bound: bool = False
    sampling: bool = True
    both_samplers: bool = True
    forced: bool = True
    schema: bool = False
    max_tokens: int = 32_000


_ADAPTIVE_ONLY = Traits(thinking="adaptive", efforts=ALL_EFFORTS, display=True, sampling=False, schema=True)
_ALWAYS_THINKING = msgspec.structs.replace(_ADAPTIVE_ONLY, on=True, off="never", forced=False)
_LATEST = msgspec.structs.replace(_ALWAYS_THINKING, bound=True)

#: The first pattern found in the name's normal form (see `normal_name`) decides.
TABLE: tuple[tuple[re.Pattern[str], Traits], ...] = tuple(
    (re.compile(pattern), traits)
    for pattern, traits in (
        (
            r"mythos-preview",
            Traits(thinking="adaptive", on=True, off="never", efforts=ALL_EFFORTS, forced=False, schema=True),
        ),
        (r"(fable|mythos)-5-[1-9]\b", _LATEST),
        (r"(fable|mythos)-5\b", _ALWAYS_THINKING),
        (r"opus-5-[1-9]\b", _LATEST),
        (r"sonnet-5-[1-9]\b", msgspec.structs.replace(_LATEST, off="between_tools")),
        (r"haiku-5\b", msgspec.structs.replace(_LATEST, off="disabled", forced=True)),
        (r"opus-5\b", msgspec.structs.replace(_ADAPTIVE_ONLY, on=True)),
        (r"sonnet-5\b", msgspec.structs.replace(_ADAPTIVE_ONLY, on=True)),
        (r"opus-4-[789]\b", _ADAPTIVE_ONLY),
        (
            r"(opus|sonnet)-4-6\b",
            Traits(thinking="adaptive", efforts=WITHOUT_XHIGH, both_samplers=False, schema=True),
        ),
        (r"opus-4-5\b", Traits(efforts=LOW_TO_HIGH, both_samplers=False, schema=True)),
        (r"(sonnet|haiku)-4-5\b|opus-4-1\b", Traits(both_samplers=False, schema=True)),
        (r"(opus|sonnet)-4\b|3-7-sonnet|sonnet-3-7", Traits()),
        (r"claude-3-5|(sonnet|haiku)-3-5", Traits(thinking="none", max_tokens=8192)),
        (r"claude-(3|2|instant)\b", Traits(thinking="none", max_tokens=4096)),
        # A generation that is not out yet: nothing is sent that the latest ones already refuse.
        (r"claude-([a-z]+-)?[5-9]", _LATEST),
    )
)

#: Models of others behind an Anthropic-compatible server: what all of those understand.
OTHERS = Traits(max_tokens=8192)


def normal_name(model: str) -> str:
    """The name from `claude` on, with `-` for `.` and without date: the spellings of all platforms become one.

    `us.anthropic.claude-opus-4-5-20251101-v1:0`, `anthropic/claude-opus-4.5` and `claude-opus-4-5@20251101` are
    `claude-opus-4-5…`. A name without `claude` comes back in lower case.
    """
    name = model.lower()
    at = name.rfind("claude")
    if at < 0:
        return name
    return re.sub(r"[-@]\d{8}.*$", "", name[at:].replace(".", "-"))


def traits_of(model: str) -> Traits:
    """What this model accepts, by its name alone."""
    name = normal_name(model)
    if "claude" not in name:
        return OTHERS
    return next((traits for pattern, traits in TABLE if pattern.search(name)), OTHERS)
