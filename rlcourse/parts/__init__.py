"""Floor 1: things with state — networks, memory, noise, environments, agents."""
