"""A mux as somebody has it who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mux import Mux


def furnish(mux: Mux) -> None:
    """Two providers, two workspaces and some requests."""
    mux.rpc("mux/provider/add", name="local", type="echo", models=["qwen3:8b", "small"])
    mux.rpc("mux/provider/add", name="cloud", type="echo", models=["anthropic/claude-sonnet-4.5"])
    mux.rpc("mux/rule/add", filter=".md", provider="local", model="small")
    mux.rpc("mux/rule/add", filter=".ts", provider="cloud", model="anthropic/claude-sonnet-4.5")
    mux.rpc("mux/rule/add", filter="", provider="local", model="qwen3:8b")
    mux.rpc("mux/workspace/add", name="client-project", copyFrom="default")
    for text in ("Explain `src/cart.ts`", "Shorten `README.md`", "What is a monad?"):
        ask(mux, text)


def ask(mux: Mux, text: str) -> None:
    """One chat request."""
    assert mux.post("/chat/completions", {"messages": [{"role": "user", "content": text}]}).status == 200
