"""Homework 2: policy gradients, actor-critic, off-policy."""
