"""How many tokens a Messages request may have, where the provider does not count: an estimate, without any network.

A token is taken for 3.5 bytes of UTF-8, which is a little more than Claude's and OpenAI's tokenizers make of prose and
code, and about what they make of CJK (3 bytes a character); what is around a message or tool for 4 tokens. A picture
costs 1,600 (Anthropic's "Vision": the most that one of full size costs), a page of a PDF 2,000 for each 50 KB.
"""

from __future__ import annotations

from typing import Any

from sidecar.translate.lenient import encode
from sidecar.translate.shape import JSON

BYTES_PER_TOKEN = 3.5
AROUND = 4
PICTURE = 1600
PAGE, PAGE_BYTES = 2000, 50_000


def tokens_of_request(body: JSON) -> int:
    """The estimate for system text, messages and tools; at least 1."""
    messages = body.get("messages")
    tokens = _content(body.get("system"))
    for message in messages if isinstance(messages, list) else ():
        tokens += AROUND + (_content(message.get("content")) if isinstance(message, dict) else 0)
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        tokens += AROUND + _bytes(len(encode(tool)))
    return max(1, round(tokens))


def _content(content: Any) -> float:
    if isinstance(content, str):
        return _bytes(len(content.encode("utf-8", "surrogatepass")))
    if not isinstance(content, list):
        return 0
    return sum(_block(block) for block in content if isinstance(block, dict))


def _block(block: JSON) -> float:
    kind, source = block.get("type"), block.get("source")
    if kind == "image":
        return PICTURE
    if kind == "document" and isinstance(source, dict) and source.get("type") == "base64":
        return PAGE * -(-len(str(source.get("data") or "")) * 3 // 4 // PAGE_BYTES)
    if kind == "document" and isinstance(source, dict):
        return _content(source.get("data") or source.get("content"))
    if kind in ("text", "thinking"):
        return _content(block.get(kind))
    if kind in ("tool_result", "search_result"):
        return AROUND + _content(block.get("content"))
    return AROUND + _bytes(len(encode(block.get("input"))))


def _bytes(size: int) -> float:
    return size / BYTES_PER_TOKEN
