"""The command line: a thin front of `sidecar.control`, a module per noun, each imported when its command is run."""
