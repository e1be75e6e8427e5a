"""The two databases: what users configure, and the record of requests."""
