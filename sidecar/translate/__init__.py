"""From one wire to another, by way of OpenAI chat completions."""
