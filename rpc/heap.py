"""Memory that only the start needed, given back: a window's process stays for days."""

from __future__ import annotations

import gc
import linecache

from sidecar import systems


def release() -> None:
    """Let go of what the imports so far left behind, so that later ones use its room: some 10 MB. Holds all threads."""
    linecache.clearcache()  # the sources of 600 functions that attrs generated, kept for tracebacks
    gc.collect()


def settle() -> None:
    """What is there by now stays, and is not looked at by the collector again; free pages go back to the system."""
    systems.this().give_memory_back()
    gc.freeze()
    gc.enable()
