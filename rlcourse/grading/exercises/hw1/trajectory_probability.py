"""p(τ) = ρ₀(s₀) Πₜ π(aₜ|sₜ) P(sₜ₊₁|sₜ, aₜ): how likely a policy makes one trajectory.

P [S, A, S], policy [S, A], start [S], states [T + 1] and actions [T], whole numbers, T ≥ 0; the answer is a
number. Sutton & Barto 2018, section 5.5, with the start.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import chain, random_policy
from rlcourse.grading.record import Exercise, Mistake


def trajectory_probability(P, policy, start, states, actions):
    mdp = markov.MDP(P, np.zeros(policy.shape), start, 0.0)
    return markov.trajectory_probability(mdp, policy, states, actions)


def draw(rng):
    """T = 0 to 4; likely trajectories (0 is no answer), unlikely actions; and one that cannot happen."""
    cases = []
    for n, m, steps in ((4, 2, 3), (5, 3, 2), (3, 2, 4), (4, 3, 1), (4, 2, 0), (5, 2, 3)):
        case = {
            "P": 0.6 * np.eye(n)[rng.integers(n, size=(n, m))] + 0.4 * rng.dirichlet(np.ones(n), (n, m)),
            "policy": random_policy(rng, n, m),
            "start": rng.dirichlet(np.ones(n)),
        }
        chance = -1.0
        likeliest = True
        while chance < 0.003 or (steps > 1 and likeliest):
            states, actions = walk(rng, steps=steps, **case)
            chance = trajectory_probability(**case, states=states, actions=actions)
            likeliest = (case["policy"].argmax(1)[states[:-1]] == actions).all()
        cases.append(case | {"states": states, "actions": actions})
    P = cases[-1]["P"].copy()
    s, a, after = cases[-1]["states"][1], cases[-1]["actions"][1], cases[-1]["states"][2]
    P[s, a, after] = 0.0
    P[s, a] /= P[s, a].sum()
    return [*cases, cases[-1] | {"P": P}]


def walk(rng, P, policy, start, steps):
    states, actions = [rng.choice(len(start), p=start)], []
    for _ in range(steps):
        actions.append(rng.choice(policy.shape[1], p=policy[states[-1]]))
        states.append(rng.choice(len(start), p=P[states[-1], actions[-1]]))
    return np.array(states), np.array(actions, dtype=int)


def factors(P, policy, start, states, actions):
    """ρ₀(s₀), the π(aₜ|sₜ) and the P(sₜ₊₁|sₜ, aₜ)."""
    before, after = states[:-1], states[1:]
    return start[states[0]], policy[before, actions], P[before, actions, after]


def of(wrong):
    """Something else, made of the three kinds of factors."""
    return lambda **case: wrong(*factors(**case))


def seen_as(**changes):
    """The right product of something else than the case."""
    return lambda **case: trajectory_probability(**case | {k: f(case) for k, f in changes.items()})


def product(rho, pi, p):
    return rho * np.prod(pi) * np.prod(p)


def log_of(rho, pi, p):
    with np.errstate(divide="ignore"):
        return np.log(product(rho, pi, p))


def marginal(P, policy, start, states, actions):
    return start[states[0]] * np.prod(chain(P, policy)[states[:-1], states[1:]])


MISTAKES = (
    Mistake("start_missing", "ρ₀(s₀) is missing: this is the probability of the rest, given the first state.",
        of(lambda rho, pi, p: np.prod(pi) * np.prod(p))),
    Mistake("policy_missing", "The policy is missing: each step has a factor π(a|s), too.",
        of(lambda rho, pi, p: rho * np.prod(p)), of(lambda rho, pi, p: np.prod(p))),
    Mistake("transition_missing", "The environment is missing: each step has a factor P(s′|s, a), too.",
        of(lambda rho, pi, p: rho * np.prod(pi)), of(lambda rho, pi, p: np.prod(pi))),
    Mistake("start_only", "Only the first state counts. Each step has two factors, π(a|s) and P(s′|s, a).",
        of(lambda rho, pi, p: rho)),
    Mistake("logarithm", "This is the logarithm. The probability itself is asked.",
        of(log_of), of(lambda rho, pi, p: -log_of(rho, pi, p))),
    Mistake("sum_for_product", "The factors are added. Each step happens given what came before: multiply.",
        of(lambda rho, pi, p: rho + pi.sum() + p.sum()), of(lambda rho, pi, p: rho + (pi * p).sum()),
        of(lambda rho, pi, p: rho * (pi * p).sum()), of(lambda rho, pi, p: rho * (pi.sum() + p.sum())),
        of(lambda rho, pi, p: rho * np.prod(pi + p))),
    Mistake("mean_for_product", "This is a mean of the factors. Multiply them all.",
        of(lambda rho, pi, p: product(rho, pi, p) ** (1 / max(len(pi), 1))),
        of(lambda rho, pi, p: product(rho, pi, p) ** (1 / (2 * len(pi) + 1))),
        of(lambda rho, pi, p: rho * np.mean(pi * p))),
    Mistake("last_step_missing", "The last step is left out: T actions lead to the state s_T.",
        of(lambda rho, pi, p: product(rho, pi[:-1], p[:-1]))),
    Mistake("last_transition_missing", "The last transition, into s_T, is left out.",
        of(lambda rho, pi, p: product(rho, pi, p[:-1]))),
    Mistake("first_step_missing", "The first step is left out: begin with t = 0.",
        of(lambda rho, pi, p: product(rho, pi[1:], p[1:])), of(lambda rho, pi, p: product(rho, pi[1:], p)),
        of(lambda rho, pi, p: product(rho, pi, p[1:]))),
    Mistake("action_in_the_next_state",
        "π is read in the state where the step ends. a_t is chosen in s_t.",
        lambda P, policy, start, states, actions:
            start[states[0]] * np.prod(policy[states[1:], actions] * P[states[:-1], actions, states[1:]])),
    Mistake("transposed",
        "P is read backwards: P[s, a, s′] is the probability of s′, the state where the step ends.",
        lambda **case: of(product)(**case | {"P": case["P"].transpose(2, 1, 0)})),
    Mistake("action_marginalised",
        "The transitions are averaged over the policy, whatever action was taken: that is the probability of "
        "the states alone.", marginal),
    Mistake("policy_ignored", "The transitions are averaged over the actions. Take that of the action a_t.",
        seen_as(P=lambda case: np.broadcast_to(case["P"].mean(1, keepdims=True), case["P"].shape))),
    Mistake("start_at_every_state", "ρ₀ is read in every state. It belongs to the first one alone.",
        lambda **case: of(product)(**case) * np.prod(case["start"][case["states"][1:]]),
        lambda **case: of(product)(**case) * np.prod(case["start"][case["states"][1:-1]])),
    Mistake("start_of_the_end", "ρ₀ is read in the last state. It belongs to the first one.",
        lambda **case: case["start"][case["states"][-1]] * np.prod(np.concatenate(factors(**case)[1:]))),
    Mistake("start_uniform", "The start is taken to be uniform. ρ₀ says how likely the first state is.",
        lambda **case: np.prod(np.concatenate(factors(**case)[1:])) / len(case["start"])),
    Mistake("likeliest_action", "The likeliest action's probability is used. Take that of the action a_t.",
        lambda P, policy, start, states, actions:
            start[states[0]] * np.prod(policy[states[:-1]].max(1) * P[states[:-1], actions, states[1:]])),
    Mistake("not_multiplied", "The factors stand side by side. Multiply them to one number.",
        lambda **case: np.cumprod(np.append(factors(**case)[0], np.prod(factors(**case)[1:], axis=0))),
        of(lambda rho, pi, p: rho * pi * p), of(lambda rho, pi, p: pi * p)),
    Mistake("squared", "A factor counts twice.",
        of(lambda rho, pi, p: product(rho, pi, p) * np.prod(pi)),
        of(lambda rho, pi, p: product(rho, pi, p) * rho),
        of(lambda rho, pi, p: product(rho, pi, p) * np.prod(p))),
    Mistake("start_of_state_0", "ρ₀ is read in state 0. It belongs to the first state, s_0 = states[0].",
        lambda **case: case["start"][0] * np.prod(np.concatenate(factors(**case)[1:]))),
    Mistake("no_steps", "With no action, T = 0, the trajectory is its start: ρ₀(s₀).",
        of(lambda rho, pi, p: product(rho, pi, p) if len(pi) else 0.0),
        of(lambda rho, pi, p: product(rho, pi, p) if len(pi) else 1.0),
        of(lambda rho, pi, p: product(rho, pi, p) if len(pi) else np.nan)),
    Mistake("policy_once", "π is read once. Each step has a factor of its own.",
        of(lambda rho, pi, p: rho * np.prod(pi[:1]) * np.prod(p)),
        of(lambda rho, pi, p: rho * np.prod(pi[-1:]) * np.prod(p))),
    Mistake("one_action_too_many", "There is one factor π too many: no action is taken in s_T.",
        lambda **case: of(product)(**case) * case["policy"][case["states"][-1]].max(),
        lambda **case: of(product)(**case) * case["policy"][case["states"][-1], 0]),
)  # fmt: skip

VIVA = (
    "Which of your factors depend on the parameters of the policy, and what does that mean for ∇ log p?",
    "Sum your function over all trajectories of three steps. What comes out, and why?",
    "T = 0: what is a trajectory then, and what does your code return?",
)

EXERCISE = Exercise(
    trajectory_probability, draw, points=2, minutes=10, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
