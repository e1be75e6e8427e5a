"""OpenAI's Responses over chat: the request on its way in, the answer on its way back."""
