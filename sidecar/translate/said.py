"""What a chat message or delta says, whatever words a server has for it."""

from __future__ import annotations

from typing import Any

from sidecar.translate.shape import JSON


def reasoning_in(message: JSON) -> tuple[str, str]:
    """The field in which a message or delta gives its reasoning, and the text; vLLM and OpenRouter say `reasoning`."""
    for field in ("reasoning_content", "reasoning"):
        if isinstance(text := message.get(field), str) and text:
            return field, text
    return "", ""


def texts_in(content: Any) -> tuple[str, str]:
    """Text and reasoning of a content, which is a string or, with Mistral, a list of parts."""
    if isinstance(content, str):
        return content, ""
    text = reasoning = ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "thinking":
            reasoning += texts_in(part.get("thinking"))[0]
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            text += part["text"]
    return text, reasoning
