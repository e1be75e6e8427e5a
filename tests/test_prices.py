"""The price table is loaded only where it is needed, and no record waits for it."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.app import Records
from sidecar.prices import PriceTable
from sidecar.record import Recorder, Trace
from sidecar.settings import Place
from sidecar.snapshot import Snapshots
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database
from sidecar.values import ProviderConfig, Tokens

ASK = """
import asyncio, sys
from sidecar.prices import PriceTable
from sidecar.values import ModelInfo, Prices, ProviderConfig

async def main(type, base, prices):
    table = PriceTable()
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


def test_what_the_table_lacks_has_no_cost():
    """Each time, and other models and providers have theirs."""
    table, tokens = PriceTable(), Tokens(input=1_000_000, output=0)

    def cost(base, model):
        return table.cost(ProviderConfig(id=1, name="p", type="openai", endpoint=base, base=base), model, None, tokens)

    openai, elsewhere = "https://api.openai.com/v1", "https://llm.example/v1"
    assert [cost(openai, "gpt-9o"), cost(elsewhere, "gpt-4o"), cost(openai, "gpt-9o")] == [None, None, None]
    assert [cost(openai, "gpt-4o"), cost(elsewhere, "gpt-4o")] == [pytest.approx(2.5), None]


class Hesitant(ThreadPoolExecutor):
    """Begins its first work only when it is told."""

    def __init__(self):
        super().__init__()
        self.told = threading.Event()
        self.first = True

    def submit(self, work, /, *args, **kwargs):
        """Have it done."""
        first, self.first = self.first, False
        return super().submit(lambda: (first and self.told.wait(), work(*args, **kwargs))[1])


async def test_a_record_does_not_wait_for_the_table(tmp_path):
    """It is written on time without its cost, and has it once the table is there."""
    executor = Hesitant()
    asyncio.get_running_loop().set_default_executor(executor)
    place = Place(home=tmp_path, port=0, discover=False)
    base = "https://api.openai.com/v1"
    trace = Trace("chat", "test")
    trace.provider, trace.model = ProviderConfig(id=1, name="p", type="openai", endpoint=base, base=base), "gpt-4o"
    trace.tokens = Tokens(input=1_000_000, output=0)
    trace.end("ok", 200)
    table, snapshots, database = PriceTable(), Snapshots(place), Database(place.requests_db, REQUESTS)

    async def row(fits):
        async with asyncio.timeout(30):
            while True:
                found = database.run(lambda db: requests.newest(db, 9))
                if found and fits(found[0]):
                    return found
                await asyncio.sleep(0.01)

    recorder = Recorder(Records(place, snapshots), table, str)
    table.expect(trace.provider, None)
    recorder.put(trace)
    assert [each.cost for each in await row(lambda _: True)] == [None]
    executor.told.set()
    assert [each.cost for each in await row(lambda each: each.cost is not None)] == [pytest.approx(2.5)]
    usage = database.run(lambda db: requests.usage(db, "model", 0.0))
    assert [each.cost for each in usage] == [pytest.approx(2.5)]
    await recorder.close()
    snapshots.close()
