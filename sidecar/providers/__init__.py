"""The types of provider: where they listen, how they authenticate, what they list and speak."""
