"""Which program sent a request, as far as it says so itself."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 80

#: Libraries and run-times, which many programs are built with: the first product of their User-Agent, in small letters.
LIBRARIES = frozenset((
    "openai", "asyncopenai", "azureopenai", "asyncazureopenai", "anthropic", "asyncanthropic", "ai",
    "ai-sdk", "ls", "langchain", "litellm", "python", "python-httpx", "python-requests",
    "python-urllib", "aiohttp", "httpx", "node", "node-fetch", "undici", "axios",
    "got", "bun", "deno", "runtime", "go-http-client", "okhttp", "reqwest",
    "hyper", "faraday", "ruby", "java", "apache-httpclient", "dart", "curl",
    "libcurl", "wget", "mozilla",
))  # fmt: skip
#: Where programs say what they are called, beside their library's User-Agent (openrouter.ai/docs/app-attribution).
TITLES = ("X-Title", "X-OpenRouter-Title")


def client_name(headers: Mapping[str, str]) -> str:
    """The program: the first product of its User-Agent (RFC 9110, section 10.1.5), such as `RooCode/3.36.2`.

    Where that is a library, the name that the program gives itself in a header, else its first product that is none;
    where it says nothing of itself, the library.
    """
    return _named(headers.get("User-Agent", ""), *(headers.get(name) for name in TITLES))


@lru_cache(64)  # a client says the same each time
def _named(agent: str, *titles: str | None) -> str:
    first = agent.split(" ", 1)[0]
    if not _is_library(first):
        return first[:LONGEST]
    title = next((title.strip() for title in titles if title and title.strip()), "")
    return (title or _own_product(agent) or first)[:LONGEST]


def _own_product(agent: str) -> str | None:
    depth = 0
    for word in agent.split():
        if depth == 0 and word[0] != "(" and "/" in word and not _is_library(word):
            return word
        depth += word.count("(") - word.count(")")  # comments say what it runs on
    return None


def _is_library(product: str) -> bool:
    return product.partition("/")[0].lower() in LIBRARIES
