"""The blocks of a user's message or of a tool's result as parts of a chat message."""

from __future__ import annotations

from typing import Any

from sidecar.translate.checks import a_list, a_text, an_object, unsupported
from sidecar.translate.shape import JSON

#: Blocks that a model does not miss where they are left out: they only speak to Anthropic's side.
_FOREIGN = frozenset(("tool_reference",))


def parts_of(block: JSON, where: str, lost: list[str]) -> list[JSON]:
    """The parts that a block becomes.

    Raises:
        BadRequest: it is malformed, or of a kind that chat has no place for and that the model would miss.
    """
    kind = a_text(block.get("type"), f"{where}.type")
    if kind == "text":
        text = a_text(block.get("text"), f"{where}.text")
        return [_text(text)] if text.strip() else []
    if kind == "image":
        return [_image(an_object(block.get("source"), f"{where}.source"), f"{where}.source")]
    if kind == "document":
        return _document(block, where, lost)
    if kind == "search_result":
        return [_text(_search_result(block, where))]
    if kind in _FOREIGN:
        lost.append(f"messages.{kind}")
        return []
    raise unsupported(where, f"{where} is of type {kind!r}, which this provider does not take.")


def told(parts: list[JSON]) -> str | list[JSON]:
    """Parts as a message's content: a string where all are text, since some servers take nothing else."""
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def text_of(blocks: list[JSON]) -> str:
    """The text of blocks."""
    return "\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str))


def _text(text: str) -> JSON:
    return {"type": "text", "text": text}


def _image(source: JSON, where: str) -> JSON:
    kind = source.get("type")
    if kind == "base64":
        media, data = (a_text(source.get(name), f"{where}.{name}") for name in ("media_type", "data"))
        return {"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}}
    if kind == "url":
        return {"type": "image_url", "image_url": {"url": a_text(source.get("url"), f"{where}.url")}}
    raise unsupported(where, f"{where} is of type {kind!r}, which this provider cannot read; send the image itself.")


def _document(block: JSON, where: str, lost: list[str]) -> list[JSON]:
    source = an_object(block.get("source"), f"{where}.source")
    title, kind = block.get("title"), source.get("type")
    head = [_text(told) for told in (title, block.get("context")) if isinstance(told, str) and told.strip()]
    if an_object(block.get("citations") or {}, f"{where}.citations").get("enabled"):
        lost.append("messages.citations")
    if kind == "base64":
        media, data = (a_text(source.get(name), f"{where}.source.{name}") for name in ("media_type", "data"))
        name = title if isinstance(title, str) and title else "document.pdf"
        return [{"type": "file", "file": {"filename": name, "file_data": f"data:{media};base64,{data}"}}]
    if kind == "text":
        return [*head, _text(a_text(source.get("data"), f"{where}.source.data"))]
    if kind == "content":
        return [*head, *_content(source.get("content"), f"{where}.source.content", lost)]
    raise unsupported(where, f"{where} is of type {kind!r}, which this provider cannot read; send the document itself.")


def _content(content: Any, where: str, lost: list[str]) -> list[JSON]:
    if isinstance(content, str):
        return [_text(content)]
    blocks = (an_object(block, f"{where}[{index}]") for index, block in enumerate(a_list(content, where)))
    return [part for index, block in enumerate(blocks) for part in parts_of(block, f"{where}[{index}]", lost)]


def _search_result(block: JSON, where: str) -> str:
    inner = a_list(block.get("content"), f"{where}.content")
    head = [value for name in ("title", "source") if isinstance(value := block.get(name), str)]
    return "\n".join([*head, text_of([each for each in inner if isinstance(each, dict)])])
