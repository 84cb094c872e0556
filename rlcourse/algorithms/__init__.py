"""Floor 2: one file per method; none imports another."""
