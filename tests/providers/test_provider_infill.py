"""llama.cpp's fill-in-the-middle as a legacy completion."""

import pytest

from sidecar.errors import BadRequest
from sidecar.providers.infill import Stamp, infill_chunk, infill_to_completion, to_infill

LAST = {
    "index": 0,
    "content": "",
    "tokens": [],
    "stop": True,
    "model": "tiny",
    "tokens_predicted": 5,
    "tokens_evaluated": 24,
    "stop_type": "eos",
    "timings": {"cache_n": 5, "prompt_n": 19},
}


def test_a_completion_with_suffix_becomes_an_infill():
    """Prompt and suffix are its prefix and suffix, the limit is `n_predict`, and everything else passes."""
    body = {
        "model": "tiny",
        "prompt": ["def f("],
        "suffix": "\n",
        "max_tokens": 16,
        "stop": "\n\n",
        "temperature": 0,
        "top_k": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
        "n": 1,
        "echo": False,
        "input_extra": [{"filename": "a.py", "text": "x"}],
    }
    assert to_infill(body) == {
        "model": "tiny",
        "input_prefix": "def f(",
        "input_suffix": "\n",
        "n_predict": 16,
        "stop": ["\n\n"],
        "temperature": 0,
        "top_k": 3,
        "stream": True,
        "input_extra": [{"filename": "a.py", "text": "x"}],
    }
    assert to_infill({}) == {"input_prefix": "", "input_suffix": ""}


@pytest.mark.parametrize(
    ("param", "value"),
    [("n", 2), ("best_of", 3), ("echo", True), ("logprobs", 1), ("prompt", ["a", "b"]), ("prompt", [1, 2])],
)
def test_what_infill_cannot_do_is_refused(param, value):
    """400 unsupported_parameter, naming it."""
    with pytest.raises(BadRequest) as refused:
        to_infill({"prompt": "a", "suffix": "b", param: value})
    assert (refused.value.error_code, refused.value.param) == ("unsupported_parameter", param)


@pytest.mark.parametrize(
    ("stopped", "reason"),
    [
        ({"stop_type": "eos"}, "stop"),
        ({"stop_type": "word"}, "stop"),
        ({"stop_type": "limit"}, "length"),
        ({"stop_type": "none"}, None),
        ({"stopped_eos": True}, "stop"),
        ({"stopped_limit": True, "stopped_eos": False}, "length"),
        ({}, None),
    ],
)
def test_a_whole_answer_becomes_a_completion(stopped, reason):
    """With its finish reason, if it gave one, and its usage."""
    answer = {name: value for name, value in LAST.items() if name != "stop_type"} | {"content": "x + y"} | stopped
    found = infill_to_completion(answer, "asked", Stamp("cmpl-1", 7))
    assert found == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 7,
        "model": "tiny",
        "choices": [{"text": "x + y", "index": 0, "logprobs": None, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": 24,
            "completion_tokens": 5,
            "total_tokens": 29,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
        "timings": {"cache_n": 5, "prompt_n": 19},
    }


def test_a_stream_becomes_chunks_with_one_stamp():
    """Text as it comes; finish reason and usage with the last event alone."""
    stamp = Stamp()
    event = {"index": 0, "content": " return", "stop": False, "tokens_predicted": 1, "tokens_evaluated": 24}
    first, last = infill_chunk(event, "asked", stamp), infill_chunk(LAST, "asked", stamp)
    assert first["choices"] == [{"text": " return", "index": 0, "logprobs": None, "finish_reason": None}]
    assert "usage" not in first
    assert first["model"] == "asked"
    assert (first["id"], first["created"]) == (last["id"], last["created"])
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["total_tokens"] == 29


def test_an_error_in_the_stream_passes_as_it_is():
    """It is for whoever reads errors."""
    error = {"error": {"code": 500, "message": "no"}}
    assert infill_chunk(error, "asked") == error
