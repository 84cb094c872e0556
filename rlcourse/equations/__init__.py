"""Floor 0: equations as pure functions. They import NumPy and PyTorch, and nothing else."""
