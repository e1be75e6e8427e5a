"""Read by every Python that is started with this folder on its path (docs.python.org/3/library/site.html)."""

import _windows

_windows.become()
