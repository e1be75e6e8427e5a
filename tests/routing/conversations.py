"""Small requests as clients send them, made by hand for these tests."""

import json

import msgspec

from sidecar.routing.files import Finder

SYSTEM = {"role": "system", "content": "Answer briefly. A path looks like `pkg/sample.py`; obey AGENTS.md."}


def user(*parts):
    """A user's message: one text, or several parts."""
    content = parts[0] if len(parts) == 1 else [{"type": "text", "text": part} for part in parts]
    return {"role": "user", "content": content}


def assistant(text):
    """What the model said."""
    return {"role": "assistant", "content": text}


def call(tool, **arguments):
    """A tool call of the model."""
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}


def result(text):
    """What a tool answered."""
    return {"role": "tool", "tool_call_id": "c", "content": text}


def fields(body):
    """The request's members, undecoded."""
    return msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])


def context(body, dialect="chat", scope="turn", finder=None):
    """The context that routing sees."""
    return (finder or Finder()).context(dialect, fields(body), scope)


def files(*messages):
    """The files in context of a chat request with these messages."""
    return list(context({"model": "mux", "messages": [SYSTEM, *messages]}).files)
