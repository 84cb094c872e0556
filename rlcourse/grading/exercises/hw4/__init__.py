"""Homework 4: trust regions. A file is an exercise."""
