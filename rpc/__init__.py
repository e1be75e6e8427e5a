"""The front ends of the mux: the command line, and JSON-RPC for editors."""
