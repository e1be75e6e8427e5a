"""How one request of a client's dialect crosses to a provider's wire, and how the answer comes back."""
