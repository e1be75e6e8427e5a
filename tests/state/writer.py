"""Adds workspaces with two rules each, and tells each by its name once it is on the disk."""

import sys
from itertools import count
from pathlib import Path

from sidecar.errors import StoreUnusable
from sidecar.settings import Place
from sidecar.store import rules, workspaces
from sidecar.store.database import CONFIG, Database
from sidecar.values import RuleDraft

RULES = [RuleDraft(filter=name, kind="any", provider="p", model="m") for name in ("a.py", "")]


def main(home: str, tag: str) -> None:
    """Write until killed."""
    config = Database(Place(home=Path(home), port=0, discover=False).config_db, CONFIG)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in count():
        name = f"{tag}-{number}"
        while not is_added(config, name):
            continue
        print(name, flush=True)


def is_added(config: Database, name: str) -> bool:
    """Add it; not where the other writer never let go of the lock, which is an answer too."""
    try:
        with config.change() as db:
            rules.replace(db, workspaces.add(db, name, "turn").id, RULES)
    except StoreUnusable as error:
        if "locked" not in str(error):
            raise
        return False
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
