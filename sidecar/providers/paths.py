"""Where servers answer each dialect, below their base: what several types have in common."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.values import Dialect

#: Below a base that ends where OpenAI's does, behind `/v1`.
OPENAI: Mapping[Dialect, str] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "responses": "/responses",
}
OPENAI_AND_MESSAGES: Mapping[Dialect, str] = {**OPENAI, "messages": "/messages"}
#: Below a server's root.
ROOTED: Mapping[Dialect, str] = {dialect: f"/v1{path}" for dialect, path in OPENAI_AND_MESSAGES.items()}
