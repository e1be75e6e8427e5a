"""What no socket of this machine can show: a name that the resolver does not know, at once and everywhere."""

import aiohttp
import pytest
from resolved import Answers, unknown_host

from sidecar.errors import ProviderUnreachable
from sidecar.providers.listing import fetch_models
from sidecar.values import ProviderConfig

FAR = ProviderConfig(
    id=1, name="far", type="openai", endpoint="https://models.example/v1", base="https://models.example/v1"
)


async def test_the_shim_answers():
    """Aioresponses answers under the newest aiohttp."""
    with Answers() as answers:
        answers.get("https://models.example/v1/models", payload={"data": [{"id": "m1"}]})
        async with aiohttp.ClientSession() as session, session.get("https://models.example/v1/models") as got:
            assert (got.status, await got.json()) == (200, {"data": [{"id": "m1"}]})


async def test_a_name_that_does_not_resolve_is_told():
    """A provider whose name does not resolve is `dns`, told with its name."""
    with Answers() as answers:
        answers.get("https://models.example/v1/models", exception=unknown_host("models.example"), repeat=True)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ProviderUnreachable, match="far") as raised:
                await fetch_models(session, FAR, None, {})
    assert raised.value.cause == "dns"
