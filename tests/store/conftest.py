"""A data folder of its own for each test."""

from __future__ import annotations

import pytest

from sidecar.settings import Place
from sidecar.store.database import CONFIG, REQUESTS, Database


@pytest.fixture
def place(tmp_path):
    """A place that nobody used."""
    return Place(home=tmp_path / "home", port=0, discover=False)


@pytest.fixture
def config(place):
    """Its configuration."""
    return Database(place.config_db, CONFIG)


@pytest.fixture
def records(place):
    """Its request records."""
    return Database(place.requests_db, REQUESTS)
