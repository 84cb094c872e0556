"""Homework 5: trust-region policy optimisation (TRPO) and PPO."""
