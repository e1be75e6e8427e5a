"""Several sidecars of one user and one port: who serves it, who stands by, and how one leaves without a loss."""
