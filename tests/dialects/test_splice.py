"""Changing members of a JSON object in its own bytes."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.splice import splice


def fields(body: bytes) -> dict[str, msgspec.Raw]:
    """The members as the product reads them."""
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def test_a_member_is_replaced_and_every_other_byte_stays():
    """White space, order, number spelling and escapes of the other members are the client's own."""
    body = (
        b'{ "temperature" : 1.00,\n\t"model" :  "x" , "messages":[ {"role":"user","content":"\\u00e9\\/"} ],"z":1e2 }'
    )
    assert splice(body, fields(body), {"model": b'"NEW"'}) == body.replace(b'"x"', b'"NEW"')


def test_a_member_that_is_missing_is_added_at_the_end():
    """A body without `model` gets one, and keeps its bytes."""
    assert splice(b'{"a":1 }', fields(b'{"a":1 }'), {"model": b'"m"'}) == b'{"a":1 ,"model":"m"}'
    assert splice(b" {} ", {}, {"model": b'"m"'}) == b' {"model":"m"} '


def test_only_the_outermost_member_of_that_name_is_replaced():
    """A nested `model`, and one within a text, are not ours to change."""
    body = b'{"x":{"model":"inner"},"t":"\\"model\\":1","model":"outer"}'
    assert splice(body, fields(body), {"model": b'"m"'}) == body.replace(b'"outer"', b'"m"')


def test_a_member_named_twice_is_replaced_twice():
    """Readers differ on which of two members of one name counts, so both say the same; other doubles stay."""
    body = b'{"model":"a","model":"b","c":3}'
    assert splice(body, fields(body), {"model": b'"m"'}) == b'{"model":"m","model":"m","c":3}'


def test_doubles_of_other_members_stay():
    """A body with a double is scanned, whatever its values hold."""
    body = b'{"a":{"x":"}]\\""},"a":[1,{"b":[]}], "n":-1.5e3,"t":true,"model":"x","a":null}'
    assert splice(body, fields(body), {"model": b'"m"'}) == body.replace(b'"x",', b'"m",')


def test_a_member_is_removed():
    """None takes a member out."""
    body = b'{"a":1,"stream_options":{"x":2},"b":3}'
    assert splice(body, fields(body), {"stream_options": None}) == b'{"a":1,"b":3}'


names = st.sampled_from(["model", "a", 'q"uote', "é", "back\\slash", "stream_options", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(names, values),
    st.dictionaries(names, values, max_size=2),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)
def test_the_result_reads_as_the_object_with_its_members_changed(members, edits, indent, ascii_only):
    """Whatever the spelling, the spliced body decodes to the updated object, in the same order."""
    body = json.dumps(members, indent=indent, ensure_ascii=ascii_only).encode()
    encoded = {name: json.dumps(value).encode() for name, value in edits.items()}
    spliced = json.loads(splice(body, fields(body), encoded))
    assert spliced == {**members, **edits}
    assert list(spliced) == list({**members, **edits})


@pytest.mark.parametrize("body", [b'{"mod\\u0065l":1}', b'{"model":1}'])
def test_a_name_written_with_escapes_is_the_same_name(body):
    r"""`mod\u0065l` is `model`."""
    assert json.loads(splice(body, fields(body), {"model": b"2"})) == {"model": 2}
