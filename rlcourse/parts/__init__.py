"""Floor 1: things with state, of which agents and algorithms are made.

memory, noise, networks and adam are what an agent remembers, explores with and learns, mixtures a policy with
several modes; distributions is what a policy says of an action, moments the scale of what was seen.
environments, wrappers and worlds are where it acts, aims two tasks of one step; experts are those who know
how, walkers walk through a finite process. randomness is the only place where a seed becomes random numbers.
settings and plugged serve the fields of an algorithm, saving and shapes whoever keeps or draws what is here,
room whoever is about to make something large.
"""
