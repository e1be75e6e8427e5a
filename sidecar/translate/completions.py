"""Legacy completions by way of chat: a prompt becomes one user message, an answer's content becomes `text`."""

from __future__ import annotations

from typing import Any

from sidecar import sse
from sidecar.dialects import openai
from sidecar.translate.checks import a_text, an_integer, invalid, unsupported
from sidecar.translate.front import Front
from sidecar.translate.lenient import decode, encode
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Dialect, Tokens

#: What marks the hole in a fill-in-the-middle prompt, by model family (their model cards and Continue's templates).
FIM_TOKENS = (
    "<|fim_prefix|>",  # Qwen Coder, CodeGemma, Granite
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<fim_prefix>",  # StarCoder, Granite
    "<fim_suffix>",
    "<fim_middle>",
    "<fim-prefix>",  # SantaCoder
    "<fim-suffix>",
    "<｜fim▁begin｜>",  # DeepSeek Coder
    "<｜fim▁hole｜>",
    "<｜fim▁end｜>",
    "<|fim▁begin|>",
    "<|fim▁hole|>",
    "<|fim▁end|>",
    "<PRE>",  # Code Llama; with <SUF> and <MID>
    "[SUFFIX]",  # Codestral; with [PREFIX]
    "<|code_prefix|>",  # GLM
    "<|code_suffix|>",
    "<|code_middle|>",
)

#: Tokens that are fill-in-the-middle only together: alone they may be anybody's text.
_PAIRS = {"<PRE>": "<SUF>", "[SUFFIX]": "[PREFIX]"}

#: Fields of a completion request that chat does not know, each refused by its own sentence or read here.
_OWN = ("prompt", "suffix", "echo", "best_of", "logprobs")


class CompletionFront(Front):
    """A legacy completion without fill-in-the-middle."""

    dialect: Dialect = "completions"

    def __init__(self, body: JSON, _target: Target) -> None:
        self.chat = completion_to_chat(body)

    def chunk(self, data: bytes) -> bytes:
        """The chunk as a legacy one."""
        text = chunk_to_text(decode(data))
        return b"" if text is None else sse.encode(encode(text))

    def end(self, tokens: Tokens) -> bytes:  # noqa: ARG002 - they came in a chunk, if the client asked for them
        """The `[DONE]`."""
        return openai.DONE

    def whole(self, completion: JSON, tokens: Tokens) -> bytes:  # noqa: ARG002 - they are in the completion
        """The text completion."""
        return encode(chat_to_text_completion(completion))


def completion_to_chat(body: JSON) -> JSON:
    """The chat request for a legacy completion request; what both have stays as it is.

    Raises:
        BadRequest: the prompt is not one text, or something is asked for that chat cannot give
            (`unsupported_parameter`): fill-in-the-middle, `echo`, `best_of`, `logprobs`.
    """
    prompt = _prompt(body.get("prompt"))
    if body.get("suffix") or is_fim(prompt):
        where = "suffix" if body.get("suffix") else "prompt"
        raise unsupported(
            where,
            f"This model cannot fill in the middle ({where}); add a rule of kind fim for a model that can.",
        )
    if body.get("echo"):
        raise unsupported("echo", "This provider cannot echo the prompt; leave out echo.")
    if (an_integer(body.get("best_of"), "best_of") or 1) > 1:
        raise unsupported("best_of", "This provider gives one choice for each request; leave out best_of.")
    if body.get("logprobs") is not None and body.get("logprobs") is not False:
        raise unsupported("logprobs", "This provider gives no log probabilities; leave out logprobs.")
    rest = {name: value for name, value in body.items() if name not in _OWN}
    return {**rest, "messages": [{"role": "user", "content": prompt}]}


def is_fim(prompt: str) -> bool:
    """Whether a prompt asks to fill in the middle by the tokens of some model."""
    return any(token in prompt and _PAIRS.get(token, token) in prompt for token in FIM_TOKENS)


def chat_to_text_completion(completion: JSON) -> JSON:
    """A chat completion as a legacy completion."""
    choices = [
        _choice(choice, (choice.get("message") or {}).get("content") or "")
        for choice in completion.get("choices") or ()
    ]
    return {**completion, "object": "text_completion", "choices": choices}


def chunk_to_text(chunk: JSON) -> JSON | None:
    """A chat chunk as a legacy chunk, or None where nothing is left of it (the role, reasoning)."""
    given = chunk.get("choices") or ()
    choices = [
        _choice(choice, text)
        for choice in given
        if (text := (choice.get("delta") or {}).get("content") or "") or choice.get("finish_reason")
    ]
    if not choices and (given or not chunk.get("usage")):
        return None
    return {**chunk, "object": "text_completion", "choices": choices}


def _choice(choice: JSON, text: str) -> JSON:
    return {
        "index": choice.get("index", 0),
        "text": text,
        "logprobs": None,
        "finish_reason": choice.get("finish_reason"),
    }


def _prompt(prompt: Any) -> str:
    if isinstance(prompt, list):
        if prompt and all(isinstance(item, int) for item in prompt):
            raise unsupported("prompt", "This provider takes text, not tokens; send prompt as a string.")
        if len(prompt) > 1:
            raise unsupported("prompt", "This provider takes one prompt for each request; send prompt as a string.")
        prompt = prompt[0] if prompt else None
    if prompt is None:
        raise invalid("prompt", "a string")
    return a_text(prompt, "prompt")
