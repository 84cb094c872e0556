"""Floor 0: equations as pure functions. They import NumPy and PyTorch, and nothing else.

returns, objectives and divergences are what the trainers sum, maximise and keep small; solvers is how TRPO
steps. markov solves finite processes exactly, lqr the linear-quadratic one: the oracles of the lectures.
linear, prediction, bias, imitation, importance and trust_region serve one lecture each. arrays is what all of
them need from NumPy and torch.
"""
