"""AI clients: what each has to be told so that its requests come here. A client is a file in `rows`, and no more."""
