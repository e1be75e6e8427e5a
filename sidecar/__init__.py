"""The mux: which model answers a request, and the HTTP endpoint that sends it there."""

__version__ = "0.1.0"
