"""Homework 1: decision processes and imitation."""
