"""The records: stored in batches, filtered, summed by local day, pruned, removed for good."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from records import record

from sidecar.store import damage, requests
from sidecar.store.watch import Watch
from sidecar.values import Selection

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BASE = msgspec.structs.replace(
    record(0, NOON),
    workspace="work",
    provider="ollama",
    model="qwen3:8b",
    input_tokens=10,
    output_tokens=5,
    cached_tokens=2,
    cost=0.25,
)


def request(number, **changes):
    """A record that began so many seconds after noon."""
    started = (NOON + timedelta(seconds=number)).isoformat()
    return msgspec.structs.replace(BASE, **({"id": f"r{number}", "started_at": started} | changes))


def fill(records, *each):
    """One batch."""
    with records.change() as db:
        requests.append(db, each)


def ids(records, limit=50, before=None, **wanted):
    """The ids of a listing."""
    with records.read() as db:
        place = requests.place(db, before) if before else None
        return [each.id for each in requests.newest(db, limit, place, Selection(**wanted))]


def test_records_come_newest_first_in_pages(records):
    """A page ends where the next begins, also among records of the same moment."""
    moment = "2026-01-31T12:00:00Z"
    fill(records, *((request(number, started_at=moment), None) for number in range(7)))
    first = ids(records, 3)
    second = ids(records, 3, before=first[-1])
    assert first + second + ids(records, 3, before=second[-1]) == [f"r{number}" for number in range(6, -1, -1)]


def test_records_are_found_by_workspace_provider_and_outcome(records):
    """Filters combine, and names are compared without regard to case."""
    fill(
        records,
        (request(1), None),
        (request(2, outcome="error"), None),
        (request(3, provider="openai"), None),
        (request(4, workspace=None), None),
    )
    assert ids(records, workspace="WORK", provider="Ollama", outcome="ok") == ["r1"]
    assert ids(records, provider="ollama") == ["r4", "r2", "r1"]


def test_a_record_comes_back_as_it_was_with_its_conversation(records):
    """Nothing of a record is lost, and a conversation is what it was."""
    fill(records, (request(1), b'{"messages":[]}'), (request(2), None))
    with records.read() as db:
        assert requests.one(db, "r1") == (request(1), b'{"messages":[]}')
        assert requests.one(db, "r2") == (request(2), None)
        assert requests.one(db, "r3") is None


def test_a_record_told_twice_is_there_once(records):
    """A batch that is written again replaces, and the newest conversation counts."""
    fill(records, (request(1), b"[1]"))
    fill(records, (request(1, outcome="error"), b"[2]"))
    assert ids(records) == ["r1"]
    with records.read() as db:
        assert requests.one(db, "r1") == (request(1, outcome="error"), b"[2]")
        assert db.execute("SELECT count(*) FROM conversations").fetchone()[0] == 1


def test_removed_conversations_are_gone_from_the_disk(records, place):
    """What is removed cannot be read from the files any more."""
    secret = os.urandom(3000).hex().encode()
    fill(records, *((request(number), secret) for number in range(20)))
    with records.change() as db:
        body = db.execute("SELECT body FROM conversations").fetchone()[0]
        assert requests.remove(db, None) == 20
    records._shrink()
    held = b"".join(path.read_bytes() for path in place.home.iterdir())
    assert body[100:200] not in held
    assert records.path.stat().st_size < 100_000


def test_old_records_are_pruned_with_their_conversations(records):
    """Those older than so many days go, the others stay."""
    old = datetime.fromtimestamp(time.time() - 3 * 86400, UTC).isoformat()
    new = datetime.fromtimestamp(time.time() - 1 * 86400, UTC).isoformat()
    fill(records, (request(1, started_at=old), b"[]"), (request(2, started_at=new), b"[]"))
    with records.change() as db:
        assert requests.prune(db, 2) == 1
        assert db.execute("SELECT count(*) FROM conversations").fetchone()[0] == 1
    assert ids(records) == ["r2"]


@pytest.fixture
def berlin(monkeypatch):
    """A zone that changes its clocks."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change a process's time zone")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_days_are_local_also_across_a_change_of_the_clocks(records, berlin):
    """A request belongs to the day that the clock on the wall showed, in winter and in summer time."""
    fill(
        records,
        (request(1, started_at="2026-03-28T22:59:00Z"), None),  # 23:59 on the 28th, CET
        (request(2, started_at="2026-03-28T23:01:00Z"), None),  # 00:01 on the 29th, CET
        (request(3, started_at="2026-03-29T21:59:00Z"), None),  # 23:59 on the 29th, CEST
        (request(4, started_at="2026-03-29T22:01:00Z"), None),  # 00:01 on the 30th, CEST
    )
    with records.read() as db:
        rows = requests.usage(db, "day", None)
    assert [(row.key, row.requests) for row in rows] == [("2026-03-30", 1), ("2026-03-29", 2), ("2026-03-28", 1)]


def test_usage_sums_tokens_and_leaves_an_unknown_cost_unknown(records):
    """Tokens add up; a cost that nobody knows is None, one that is known for some is their sum."""
    fill(
        records,
        (request(1), None),
        (request(2, cost=None), None),
        (request(3, model="other/model", cost=None, input_tokens=None), None),
        (
            request(4, provider=None, model=None, outcome="error", cost=None, input_tokens=None, output_tokens=None),
            None,
        ),
    )
    with records.read() as db:
        known, refused, unknown = requests.usage(db, "model", None)
    assert (known.key, known.requests, known.input_tokens, known.cost) == ("ollama/qwen3:8b", 2, 20, 0.25)
    assert (unknown.key, unknown.input_tokens, unknown.cost) == ("ollama/other/model", 0, None)
    assert (known.unpriced, unknown.unpriced) == (1, 1)
    assert (refused.key, refused.requests, refused.cost, refused.unpriced) == ("", 1, None, 0)  # it cost nothing


def test_a_hostile_value_stays_a_value(records):
    """Whatever a client sends is stored as text and never run."""
    nasty = "x'); DROP TABLE requests; --"
    fill(records, (request(1, workspace=nasty, title=nasty), None))
    assert ids(records, workspace=nasty) == ["r1"]


def test_listings_use_an_index(records):
    """No listing reads the whole table."""
    with records.read() as db:
        for where in ("", "WHERE workspace = 'w'", "WHERE provider = 'p'", "WHERE outcome = 'ok'"):
            sql = f"EXPLAIN QUERY PLAN SELECT record FROM requests {where} ORDER BY started DESC, seq DESC LIMIT 9"
            plan = " ".join(row[3] for row in db.execute(sql))
            assert "USING INDEX" in plan
            assert "TEMP B-TREE" not in plan


def test_halves_of_surrogates_do_not_lose_a_batch(records):
    """What SQLite cannot hold is stored with a question mark, and the other records with it."""
    fill(records, (request(1, title="a\ud800b", files=("\udfff.py",)), None), (request(2), None))
    with records.read() as db:
        mended = requests.one(db, "r1")[0]
    assert (mended.title, mended.files) == ("a?b", ("?.py",))
    assert ids(records) == ["r2", "r1"]


@pytest.mark.parametrize("harm", ["gone", "garbage"])
def test_lost_records_are_begun_anew_and_stop_nobody(records, harm):
    """A records' file that was deleted or damaged costs its records and no more: the next batch is stored."""
    fill(records, (request(1), None))
    for path in records.path.parent.iterdir():
        path.unlink()
    if harm == "garbage":
        records.path.write_bytes(b"garbage" * 3000)
    records.run(lambda db: requests.append(db, [(request(2), None)]))
    assert ids(records) == ["r2"]
    assert len(damage.asides(records.path)) == (harm == "garbage")


def test_a_watch_tells_each_change_once(records):
    """Every write is noticed at the next question, once; a file begun anew is a change; none at all is not."""
    watch = Watch(records)
    assert not watch.changed()
    fill(records, (request(1), None))
    assert [watch.changed(), watch.changed()] == [True, False]
    fill(records, (request(2), None))
    assert [watch.changed(), watch.changed()] == [True, False]
    for path in records.path.parent.glob("requests.db*"):
        path.unlink()
    assert not watch.changed()
    records.path.with_name("bystander").touch()  # so that the new file is not given the old one's inode
    fill(records, (request(3), None))
    assert [watch.changed(), watch.changed()] == [True, False]
    watch.close()


def test_a_cost_comes_later(records):
    """A record gets the cost that was not known when it was stored; one that was removed does not come back."""
    fill(records, (request(1, cost=None), None), (request(2), None))
    with records.change() as db:
        requests.price(db, {"r1": 0.5, "gone": 1.0})
    with records.read() as db:
        assert [each.cost for each in requests.newest(db, 9)] == [0.25, 0.5]
        assert requests.spent(db, 0.0) == (0.75, 0)


def test_what_is_spent_and_not_known(records):
    """What is known is summed up, and requests of unknown cost are counted: not those that failed before they cost."""
    assert spent_of(records) == (None, 0)
    fill(records, (request(1, cost=None), None), (request(2), None), (request(3, cost=None), None))
    assert spent_of(records) == (0.25, 2)
    fill(records, (request(4, cost=None, outcome="error", input_tokens=None, output_tokens=None), None))
    assert spent_of(records) == (0.25, 2)


def spent_of(records):
    """What was spent at any time."""
    with records.read() as db:
        return requests.spent(db, 0.0)
