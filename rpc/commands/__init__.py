"""Every action as a `workspace/executeCommand` command, for editors without a binding of their own."""
