"""Anthropic's Messages as a client's dialect: its requests as chat, and chat's answers in its words."""
