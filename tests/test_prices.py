"""The price table is in memory when a request's answer has ended, and only where it is needed."""

import subprocess
import sys

import pytest

ASK = """
import asyncio, sys
from sidecar.prices import Table
from sidecar.values import ModelInfo, Prices, ProviderConfig

async def main(type, base, prices):
    table = Table()
    config = ProviderConfig(id=1, name="p", type=type, endpoint=base, base=base)
    info = ModelInfo(name="m", prices=Prices(input=1.0, output=1.0)) if prices else None
    for _ in range(3):
        table.expect(config, info)
    # the loop's executor has done its work when the runner has closed it

asyncio.run(main(sys.argv[1], sys.argv[2], len(sys.argv) > 3))
print("genai_prices" in sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (("openai", "https://api.openai.com/v1"), True),
        (("anthropic", "https://api.anthropic.com"), True),
        (("ollama", "http://127.0.0.1:11434"), False),
        (("echo", ""), False),
        (("openrouter", "https://openrouter.ai/api/v1", "listed"), False),
    ],
)
def test_the_table_is_loaded_for_requests_that_it_prices(arguments, loaded):
    """A request under way to a provider that is paid and lists no prices loads the table; no other does."""
    told = subprocess.run([sys.executable, "-c", ASK, *arguments], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(loaded), told.stderr
