"""Homework 3: DDPG and TD3. A file is an exercise."""
