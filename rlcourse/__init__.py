"""rlcourse: an interactive course on policy optimisation, and the small package behind it.

An equation is a pure function. An algorithm is a frozen record of numbers and equations with one `update`.
One loop trains them all.

How to read it. The package is too long for one sitting, but its core is an afternoon: 13 files, about 2,100
lines, in this order.

    equations/returns.py, objectives.py, solvers.py     what is estimated, maximised and solved
    parts/memory.py, noise.py, networks.py              what is remembered, explored with and learnt
    agents/off_policy.py                                acting with noise, learning from replay
    algorithms/ddpg.py, td3.py                          their difference is lecture 07
    agents/on_policy.py                                 collecting a batch, learning from it, forgetting it
    algorithms/trpo.py, ppo.py                          their difference is lecture 12
    training/loop.py                                    the loop that trains all four

Each folder's `__init__.py` says what its other files are for; grading/README.md says how to read the grader.

Who calls whom. The loop (`train`) asks the agent to advance. The agent acts in the environments, remembers
what happened, and hands a batch to the algorithm: `algorithm.update(nets, batch, rng)`. The update changes
the networks in place and returns metrics, which the agent passes back to the loop. So the loop knows no
algorithm, and no algorithm knows an environment.

Shapes stand in brackets, the slowest dimension first; `...` is any number of dimensions.

    S  seeds, trained side by side        O  numbers in an observation
    B  transitions in a batch             A  dimensions of an action, or how many discrete actions there are
    T  time steps                         P  parameters of a network
    N  environments of one seed           M  transitions of a rollout, T·N, or of a minibatch of it
    E  all environments, S·N columns; along a learning curve (`run.curve`) E counts the evaluations

In `equations.markov` and `equations.linear`, which know no seeds, S counts the states of a finite process,
A its actions, and D the features of a state.
"""

__version__ = "0.1.0"
