"""Â_t = δ_t + γλ (1 − done_t) Â_{t+1},  δ_t = r_t + γ (1 − terminated_t) V(s_{t+1}) − V(s_t): GAE.

reward, value, next_value, terminated and truncated [T], gamma and lam numbers; the answer is [T]. done =
terminated or truncated; next_value[t] is V of the true successor. Schulman et al. 2016, eq. 16.

The second exercise on it (`a2c_update`) shares `advantages`, in which one thing can be exchanged at a time.
"""

import numpy as np

from rlcourse.grading.exercises.hw2 import _advantages
from rlcourse.grading.exercises.hw2._advantages import advantages, but, flags
from rlcourse.grading.exercises.hw2._sums import standardised, to_go
from rlcourse.grading.record import Exercise, Mistake


def gae(reward, value, next_value, terminated, truncated, gamma, lam):
    return advantages(reward, value, next_value, terminated, truncated, gamma, lam)


def draw(rng):
    """Terminated, truncated and both at once, inside and at the end; γ = 0, λ = 0 and λ = 1 once each."""
    cases = []
    for n, gamma, lam, last in (
        (9, 0.9, 0.8, "goes on"), (8, 0.95, 0.6, "truncated"), (10, 0.85, 0.9, "terminated"),
        (7, 0.8, 0.7, "goes on"), (8, 0.9, 1.0, "goes on"), (6, 0.9, 0.0, "goes on"),
        (5, 0.0, 0.9, "goes on"),
    ):  # fmt: skip
        terminated, truncated = flags(rng, n, last)
        value, next_value = _advantages.values(rng, n, terminated | truncated)
        cases.append(
            {
                "reward": rng.normal(0.5, 1, n),
                "value": value,
                "next_value": next_value,
                "terminated": terminated,
                "truncated": truncated,
                "gamma": gamma,
                "lam": lam,
            }
        )
    return cases


def of(change):
    """Something else, made of the right advantages and the case."""

    def wrong(**case):
        return change(advantages(**case), case)

    return wrong


MISTAKES = (
    Mistake("no_bootstrap_on_truncation",
        "A truncated step is treated as an end of the world. It was merely cut off: its δ bootstraps from "
        "next_value.",
        but(bootstraps=lambda end, cut: ~(end | cut))),
    Mistake("bootstrap_on_terminal",
        "δ bootstraps from terminal states. After termination there is no further reward: mask next_value by "
        "1 − terminated.",
        but(bootstraps=lambda end, cut: end | True)),
    Mistake("leaks_across_truncation",
        "The sum runs on across a truncated step, into another episode. It ends at both flags; only δ "
        "bootstraps there.",
        but(goes_on=lambda end, cut: ~end)),
    Mistake("leaks_across_termination",
        "The sum runs on across a terminated step, into another episode. It ends at both flags.",
        but(goes_on=lambda end, cut: ~cut)),
    Mistake("leaks_across_episodes",
        "The sum runs on across the ends of episodes: multiply Â_{t+1} by 1 − done, done = terminated or "
        "truncated.",
        but(goes_on=lambda end, cut: end | True)),
    Mistake("no_masks",
        "Neither flag is used: δ bootstraps from terminal states, and the sum runs across episodes.",
        but(bootstraps=lambda end, cut: end | True, goes_on=lambda end, cut: end | True)),
    Mistake("truncated_ignored",
        "Only `truncated` is masked, or `terminated` in one place alone: δ asks for terminated, the sum for "
        "both.",
        but(bootstraps=lambda end, cut: ~cut),
        but(bootstraps=lambda end, cut: ~cut, goes_on=lambda end, cut: ~cut),
        but(bootstraps=lambda end, cut: end | True, goes_on=lambda end, cut: ~end),
        but(bootstraps=lambda end, cut: end | True, goes_on=lambda end, cut: ~cut),
        but(bootstraps=lambda end, cut: ~(end | cut), goes_on=lambda end, cut: ~end),
        but(bootstraps=lambda end, cut: ~(end | cut), goes_on=lambda end, cut: end | True)),
    Mistake("truncated_wins",
        "Where both flags are set yours bootstraps. Termination wins: there is nothing to bootstrap from.",
        but(bootstraps=lambda end, cut: ~end | cut)),
    Mistake("both_flags_cancel",
        "Where both flags are set yours goes on. One of them is enough to end the sum (and terminated, to "
        "stop "
        "the bootstrap).",
        but(goes_on=lambda end, cut: ~(end ^ cut)),
        but(goes_on=lambda end, cut: ~(end & cut)),
        but(bootstraps=lambda end, cut: ~(end & cut))),
    Mistake("added_flags",
        "1 − terminated − truncated is −1 where both flags are set. Make one flag of them first.",
        but(weights=lambda end, cut: 1.0 - end - cut)),
    Mistake("value_of_the_reset",
        "δ uses value[t + 1]. After an episode's end that is the value of another episode's first state; "
        "next_value[t] is the true one.",
        but(shifted=lambda value, last: np.append(value[1:], last)),
        but(shifted=lambda value, last: np.append(value[1:], 0.0)),
        but(shifted=lambda value, last: np.append(value[1:], value[-1])),
        but(shifted=lambda value, last: np.roll(value, -1))),
    Mistake("lambda_missing", "λ is missing in the sum: each further δ counts γλ of the one before.",
        but(decay=lambda gamma, lam: gamma)),
    Mistake("discount_missing_in_sum", "γ is missing in the sum: each further δ counts γλ of the one before.",
        but(decay=lambda gamma, lam: lam)),
    Mistake("discount_missing_in_delta", "γ is missing in δ: δ = r + γ(1 − terminated)V(s′) − V(s).",
        but(discount=lambda gamma, lam: 1.0)),
    Mistake("lambda_in_delta", "λ stands in δ. It weighs the sum of the δs; δ itself has γ alone.",
        but(discount=lambda gamma, lam: gamma * lam), but(discount=lambda gamma, lam: lam),
        of(lambda A, case: case["gamma"] * case["lam"] * A), of(lambda A, case: case["gamma"] * A)),
    Mistake("decay_squared", "The decay is wrong: each further δ counts γλ of the one before, once.",
        but(decay=lambda gamma, lam: (gamma * lam) ** 2), but(decay=lambda gamma, lam: gamma * lam**2),
        but(decay=lambda gamma, lam: gamma**2 * lam), but(decay=lambda gamma, lam: gamma * (1 - lam)),
        but(decay=lambda gamma, lam: 1.0)),
    Mistake("one_minus_lambda",
        "The sum is multiplied by 1 − λ. That factor is spent already: it turned n-step advantages into δs.",
        of(lambda A, case: (1 - case["lam"]) * A)),
    Mistake("td_error_only", "Only δ comes back. Add the later ones, each weighed by γλ once more.",
        but(decay=lambda gamma, lam: 0.0)),
    Mistake("monte_carlo",
        "Nothing is bootstrapped: this is the sum of rewards minus V. GAE believes the critic for what lies "
        "beyond.",
        but(bootstraps=lambda end, cut: end & False),
        of(lambda A, case: to_go(case["reward"], case["gamma"] * case["lam"],
                                 case["terminated"] | case["truncated"]) - case["value"]),
        of(lambda A, case: to_go(case["reward"], case["gamma"], case["terminated"] | case["truncated"])
           - case["value"]),
        of(lambda A, case: to_go(case["reward"], case["gamma"], case["terminated"]) - case["value"]),
        of(lambda A, case: to_go(case["reward"], case["gamma"]) - case["value"])),
    Mistake("own_value_for_next",
        "δ bootstraps from V(s_t) itself. The successor's value stands in next_value.",
        lambda **case: advantages(**case | {"next_value": case["value"]})),
    Mistake("bootstrapped_twice",
        "A bootstrap is counted twice: at a truncated step, or after the last one. δ has it already.",
        lambda **case: advantages(**case | {"reward": case["reward"]
                                            + case["gamma"] * case["truncated"] * case["next_value"]}),
        lambda **case: advantages(**case | {"reward": case["reward"] + case["gamma"] * case["next_value"]
                                            * (case["truncated"] & ~case["terminated"])}),
        but(initial=lambda value, after: after[-1]), but(initial=lambda value, after: value[-1]),
        but(initial=lambda value, after: after[-1], goes_on=lambda end, cut: end | True),
        lambda **case: advantages(**case | {"reward": last_paid(case)})),
    Mistake("values_swapped", "V(s_t) and V(s_{t+1}) have changed places.",
        lambda **case: advantages(**case | {"value": case["next_value"], "next_value": case["value"]})),
    Mistake("next_value_shifted", "next_value is read one row off. next_value[t] belongs to row t.",
        lambda **case: advantages(**case | {"next_value": np.append(case["next_value"][1:], 0.0)}),
        lambda **case: advantages(**case | {"next_value": np.roll(case["next_value"], -1)})),
    Mistake("value_masked", "V(s_t) is masked at an episode's end. It is subtracted at every step.",
        lambda **case: advantages(**case | {"reward": case["reward"] + case["terminated"] * case["value"]}),
        lambda **case: advantages(**case | {"reward": case["reward"] + case["value"]
                                            * (case["terminated"] | case["truncated"])})),
    Mistake("weights_sum_to_less",
        "The longest n-step advantage lacks its share: what is left of the weights, λ^{n−1}, belongs to it.",
        lambda **case: finite_weights(**case)),
    Mistake("target_for_advantage",
        "V(s_t) is not subtracted, or added again: this is a target for the critic.",
        of(lambda A, case: A + case["value"]), but(minus=0.0), of(lambda A, case: A - case["value"]),
        but(minus=2.0)),
    Mistake("value_added", "V(s_t) is added in δ. δ = r + γ(1 − terminated)V(s′) − V(s).", but(minus=-1.0)),
    Mistake("sign", "The sign is turned round: a step better than expected has a positive advantage.",
        of(lambda A, case: -A)),
    Mistake("standardised", "The advantages are shifted or scaled. Here they are asked as they are.",
        of(lambda A, case: standardised(A)), of(lambda A, case: A - A.mean()),
        of(lambda A, case: (A - A.mean()) / A.std(ddof=1))),
    Mistake("forward",
        "The recursion runs forwards in time: it gathers the past. Run it from the last step to the first.",
        but(forward=True), but(forward=True, goes_on=lambda end, cut: end | True),
        lambda **case: reversed_time(**case)),
    Mistake("not_turned_back", "The steps come out in reverse order: turn the list round once more.",
        of(lambda A, case: A[::-1])),
    Mistake("end_masked",
        "At an episode's last step δ itself is masked. The step was made and has its advantage; only what "
        "follows is cut.",
        but(mask_own=lambda end, cut: ~(end | cut)), but(mask_own=lambda end, cut: ~end),
        but(mask_own=lambda end, cut: ~cut)),
    Mistake("reward_masked", "The mask also removes the last reward. Mask only next_value.",
        but(reward_kept=lambda end, cut: ~end), but(reward_kept=lambda end, cut: ~(end | cut))),
    Mistake("mask_inverted", "A mask is turned round: 1 − terminated keeps the steps that go on.",
        but(bootstraps=lambda end, cut: end), but(bootstraps=lambda end, cut: cut),
        but(goes_on=lambda end, cut: end | cut),
        but(bootstraps=lambda end, cut: end, goes_on=lambda end, cut: end | cut)),
    Mistake("mask_one_step_off",
        "The sum is cut one step off: the flags of step t say whether Â_{t+1} belongs to the same episode.",
        but(cut_shift=-1), but(cut_shift=1)),
    Mistake("last_step_missing", "The last step of the data has no advantage. It has its own δ.",
        but(last=0.0)),
    Mistake("no_last_bootstrap",
        "The last step of the data does not bootstrap. The episode goes on there: next_value stands ready.",
        lambda **case: advantages(**{**case, "next_value": np.append(case["next_value"][:-1], 0.0)})),
    Mistake("averaged", "One number comes back. Each step has its own advantage, [T].",
        of(lambda A, case: A.mean()), of(lambda A, case: A.sum()), of(lambda A, case: A[0])),
)  # fmt: skip


def last_paid(case):
    """The rewards, with γλ V(s_T) added to the last."""
    reward = case["reward"].copy()
    reward[-1] += case["gamma"] * case["lam"] * case["next_value"][-1]
    return reward


def finite_weights(reward, value, next_value, terminated, truncated, gamma, lam):
    """Σ_n (1 − λ)λ^{n−1} Â^(n) over the n that there are, each with that weight."""
    answer = np.zeros(len(reward))
    for t in range(len(reward)):
        total, weight = 0.0, 1 - lam
        for k in range(t, len(reward)):
            after = 0.0 if terminated[k] else next_value[k]
            total += gamma ** (k - t) * reward[k]
            answer[t] += weight * (total + gamma ** (k - t + 1) * after - value[t])
            weight *= lam
            if terminated[k] or truncated[k]:
                break
    return answer


def reversed_time(**case):
    """The arrays turned round before the loop, the loop from the first to the last."""
    turned = {name: np.asarray(v)[::-1] if np.ndim(v) else v for name, v in case.items()}
    return advantages(**turned)[::-1]


VIVA = (
    "Which line of yours changes if the episode was cut off by time, and which if it ended?",
    "λ = 0 and λ = 1: what are the advantages then, in words?",
    "The critic is exact. What is the mean of your answer for each λ, and what does λ still change?",
)

EXERCISE = Exercise(gae, draw, points=5, minutes=25, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA)
