"""v_t = V(s_t) + δ_t + γ c_t (v_{t+1} − V(s_{t+1})),  δ_t = ρ_t (r_t + γ V(s_{t+1}) − V(s_t)).

ρ = min(ρ̄, π/μ), c = min(c̄, π/μ), π/μ = exp(log_rho). reward, value, next_value, log_rho, terminated [T], the
rest numbers; the answer is v [T]. A terminated step does not bootstrap and ends the sum. Espeholt et al.
2018, eq. 1.
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.exercises.hw2._sums import to_go
from rlcourse.grading.record import Exercise, Mistake


def vtrace_targets(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    if len(reward) == 0:
        return np.zeros(0)
    return returns.vtrace_targets(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar)


def draw(rng):
    """Each clip binds somewhere and nowhere else, the two differ; an episode ends inside, or at the end."""
    cases = []
    for n, gamma, rho_bar, c_bar, ends in (
        (8, 0.9, 1.2, 0.8, (3,)), (7, 0.95, 1.5, 1.0, (2, 6)), (9, 0.85, 1.0, 0.7, (4,)),
        (6, 0.9, 0.8, 1.3, ()), (7, 0.9, 9.0, 8.0, (1,)), (6, 0.0, 1.0, 0.6, (2,)),
    ):  # fmt: skip
        terminated = np.zeros(n, dtype=bool)
        terminated[list(ends)] = True
        value = rng.normal(1, 2, n)
        after = np.append(value[1:], rng.normal(1, 2))
        cases.append(
            {
                "reward": rng.normal(0.5, 1, n),
                "value": value,
                "next_value": np.where(terminated, rng.normal(1, 2, n), after),
                "log_rho": rng.permutation(np.linspace(-1.0, 1.0, n) + rng.uniform(-0.1, 0.1, n)),
                "terminated": terminated,
                "gamma": gamma,
                "rho_bar": rho_bar,
                "c_bar": c_bar,
            }
        )
    return cases


def but(
    ratio=np.exp,
    rho=lambda ratio, rho_bar, c_bar: np.minimum(ratio, rho_bar),
    c=lambda ratio, rho_bar, c_bar: np.minimum(ratio, c_bar),
    bootstraps=lambda end: 1.0 - end,
    goes_on=lambda end: 1.0 - end,
    discount=lambda gamma: gamma,  # in δ
    decay=lambda gamma: gamma,  # in the sum
    delta=lambda rho, r, after, v: rho * (r + after - v),
    shifted=None,  # next values made of `value` and the last next value
    c_shift=0,
    own=lambda end: 1.0,  # times δ and what follows
    last=1.0,  # times the last next value
    plus=1.0,  # times V
    forward=False,
    nested=False,  # δ bootstraps from v_{t+1}
    initial=None,  # what the sum begins with, made of the values and the next ones
    excess=lambda v, after, later: later,  # what is handed from t + 1 to t, made of v_{t+1}
):
    """(**case) -> targets with one thing exchanged."""

    def wrong(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
        n, end = len(reward), terminated.astype(float)
        next_value = np.append(next_value[:-1], last * next_value[-1])
        after = next_value if shifted is None else shifted(value, next_value[-1])
        r = ratio(log_rho)
        weights, traces = (clip(r, rho_bar, c_bar) * np.ones(n) for clip in (rho, c))
        if c_shift:
            traces = np.roll(traces, -c_shift)
        answer, later = np.zeros(n), 0.0 if initial is None else initial(value, next_value)
        for t in range(n) if forward else reversed(range(n)):
            ahead = after[t] + (goes_on(end)[t] * later if nested else 0.0)
            d = delta(weights[t], reward[t], discount(gamma) * bootstraps(end)[t] * ahead, value[t])
            before = goes_on(end)[t - 1] if forward and t else goes_on(end)[t]
            own_excess = (own(end) * np.ones(n))[t] * (d + decay(gamma) * traces[t] * before * later)
            answer[t] = plus * value[t] + own_excess
            later = excess(answer[t], after[t], own_excess)
        return answer

    return wrong


def of(change):
    return lambda **case: change(vtrace_targets(**case), case)


def policy_advantage(v, case):
    """ρ_t (r_t + γ v_{t+1} − V(s_t)), what the actor of IMPALA takes."""
    end = case["terminated"]
    ahead = np.where(end, 0.0, np.append(v[1:], case["next_value"][-1]))
    rho = np.minimum(np.exp(case["log_rho"]), case["rho_bar"])
    return rho * (case["reward"] + case["gamma"] * ahead - case["value"])


def free(ratio, rho_bar, c_bar):
    return ratio


MISTAKES = (
    Mistake("bootstrap_on_terminal",
        "δ bootstraps from terminal states. After termination there is no further reward: mask V(s_{t+1}).",
        but(bootstraps=lambda end: 1.0 + 0 * end)),
    Mistake("leaks_across_episodes",
        "The sum runs on across the end of an episode, into the next one. A terminated step ends it.",
        but(goes_on=lambda end: 1.0 + 0 * end)),
    Mistake("no_masks", "`terminated` is not used: δ bootstraps from terminal states, and the sum runs on.",
        but(bootstraps=lambda end: 1.0 + 0 * end, goes_on=lambda end: 1.0 + 0 * end)),
    Mistake("mask_inverted", "The mask is turned round: 1 − terminated keeps the steps that go on.",
        but(bootstraps=lambda end: end), but(goes_on=lambda end: end),
        but(bootstraps=lambda end: end, goes_on=lambda end: end)),
    Mistake("mask_one_step_off",
        "The sum is cut one step off: the flag of step t says whether t + 1 belongs to it.",
        but(goes_on=lambda end: 1 - np.append(end[1:], 0.0)),
        but(goes_on=lambda end: 1 - np.append(0.0, end[:-1]))),
    Mistake("ratios_accumulated",
        "The ratios are multiplied up from the start before they are clipped. Each step has its own.",
        but(ratio=lambda x: np.exp(np.cumsum(x))),
        but(rho=lambda r, rb, cb: np.minimum(np.cumprod(r), rb))),
    Mistake("end_masked",
        "The last step of an episode is masked whole. Its reward is real: mask what follows.",
        but(own=lambda end: 1 - end)),
    Mistake("rho_not_clipped", "ρ is not clipped in δ: ρ = min(ρ̄, π/μ).", but(rho=free)),
    Mistake("c_not_clipped", "c is not clipped in the sum: c = min(c̄, π/μ).", but(c=free)),
    Mistake("not_clipped",
        "Neither ratio is clipped: ρ = min(ρ̄, π/μ), c = min(c̄, π/μ).",
        but(rho=free, c=free)),
    Mistake("clips_swapped", "ρ̄ and c̄ have changed places: ρ̄ clips the ratio in δ, c̄ the one in the sum.",
        but(rho=lambda r, rb, cb: np.minimum(r, cb), c=lambda r, rb, cb: np.minimum(r, rb))),
    Mistake("one_clip_for_both", "One clip serves for both: ρ̄ is that of δ, c̄ that of the sum.",
        but(c=lambda r, rb, cb: np.minimum(r, rb)), but(rho=lambda r, rb, cb: np.minimum(r, cb)),
        but(c=lambda r, rb, cb: np.minimum(np.minimum(r, rb), cb))),
    Mistake("bounds_ignored",
        "A ratio is cut off at 1, whatever the bound says: ρ = min(ρ̄, π/μ), c = min(c̄, π/μ).",
        but(rho=lambda r, rb, cb: np.minimum(r, 1), c=lambda r, rb, cb: np.minimum(r, 1)),
        but(rho=lambda r, rb, cb: np.minimum(r, 1)), but(c=lambda r, rb, cb: np.minimum(r, 1))),
    Mistake("max_for_min", "The clips bound the ratios from below. They bound them from above: a minimum.",
        but(rho=lambda r, rb, cb: np.maximum(r, rb), c=lambda r, rb, cb: np.maximum(r, cb)),
        but(rho=lambda r, rb, cb: np.maximum(r, rb)), but(c=lambda r, rb, cb: np.maximum(r, cb))),
    Mistake("clips_for_ratios", "The ratio is not used: ρ̄ and c̄ stand in its place.",
        but(rho=lambda r, rb, cb: rb, c=lambda r, rb, cb: cb)),
    Mistake("clipped_below",
        "The ratios are kept inside [1/ρ̄, ρ̄] or [1 − ρ̄, 1 + ρ̄]. V-trace cuts above only.",
        but(rho=lambda r, rb, cb: np.clip(r, 1 / max(rb, 1 / rb), max(rb, 1 / rb)),
            c=lambda r, rb, cb: np.clip(r, 1 / max(cb, 1 / cb), max(cb, 1 / cb))),
        but(rho=lambda r, rb, cb: np.clip(r, 1 - rb, 1 + rb),
            c=lambda r, rb, cb: np.clip(r, 1 - cb, 1 + cb))),
    Mistake("log_not_exponentiated", "log_rho is used as the ratio itself: π/μ = exp(log_rho).",
        but(ratio=lambda x: x)),
    Mistake("log_clipped", "The logarithm is clipped by ρ̄ and c̄. They are bounds of the ratio: exp first.",
        but(ratio=lambda x: x, rho=lambda x, rb, cb: np.exp(np.minimum(x, rb)),
            c=lambda x, rb, cb: np.exp(np.minimum(x, cb)))),
    Mistake("inverted", "The ratio is upside down: log_rho = log π − log μ, so π/μ = exp(+log_rho).",
        but(ratio=lambda x: np.exp(-x))),
    Mistake("other_base", "log_rho is a natural logarithm: π/μ = e^log_rho.",
        but(ratio=lambda x: 10**x), but(ratio=lambda x: 2**x)),
    Mistake("no_rho", "ρ is missing in δ: how far a step may move V is for the ratio to say.",
        but(rho=lambda r, rb, cb: 1.0 + 0 * r)),
    Mistake("no_c", "c is missing in the sum: each further δ passes through one c more.",
        but(c=lambda r, rb, cb: 1.0)),
    Mistake("no_weights", "There are no ratios: this is the on-policy return.",
        but(rho=lambda r, rb, cb: 1.0 + 0 * r, c=lambda r, rb, cb: 1.0),
        but(rho=lambda r, rb, cb: min(rb, 1.0), c=lambda r, rb, cb: min(cb, 1.0)),
        of(lambda v, case: to_go(case["reward"], case["gamma"], case["terminated"]))),
    Mistake("rho_on_target_only", "ρ multiplies r + γV(s′) or r alone. It multiplies the whole δ, −V(s) too.",
        but(delta=lambda rho, r, after, v: rho * (r + after) - v),
        but(delta=lambda rho, r, after, v: rho * r + after - v)),
    Mistake("c_one_step_off",
        "The c of another step is used. δ_{t+1} reaches v_t through c_t, the decision that led there.",
        but(c_shift=1), but(c_shift=-1),
        but(c=lambda r, rb, cb: np.append(1.0, np.minimum(r, cb)[:-1])),
        but(c=lambda r, rb, cb: np.append(np.minimum(r, cb)[1:], 1.0))),
    Mistake("own_c_included",
        "δ_t is multiplied by c_t as well. The c of a step weighs only what lies beyond it.",
        but(rho=lambda r, rb, cb: np.minimum(r, rb) * np.minimum(r, cb)),
        but(rho=lambda r, rb, cb: np.minimum(np.minimum(r, rb), cb))),
    Mistake("next_value_not_subtracted",
        "The whole v_{t+1} is added where its excess belongs: γc_t (v_{t+1} − V(s_{t+1})).",
        but(excess=lambda v, after, later: v)),
    Mistake("bootstrapped_twice", "The bootstrap after the last step is counted twice: δ has it already.",
        but(initial=lambda value, after: after[-1]), but(initial=lambda value, after: value[-1])),
    Mistake("one_step_only", "Only V + δ_t is left. Later δs reach v_t, each through one γc more.",
        but(decay=lambda gamma: 0.0), but(decay=lambda gamma: 0.0, rho=lambda r, rb, cb: 1.0),
        but(decay=lambda gamma: 0.0, delta=lambda rho, r, after, v: rho * (r + after), plus=0.0)),
    Mistake("nested",
        "δ bootstraps from v_{t+1}, and the sum adds its excess again. Either both: δ has V(s_{t+1}), the "
        "sum the "
        "rest.",
        but(nested=True)),
    Mistake("discount_missing_in_delta", "γ is missing in δ.", but(discount=lambda gamma: 1.0)),
    Mistake("discount_missing_in_sum", "γ is missing in the sum: v_{t+1} − V(s_{t+1}) comes one step later.",
        but(decay=lambda gamma: 1.0)),
    Mistake("no_discount", "γ appears nowhere.", but(decay=lambda gamma: 1.0, discount=lambda gamma: 1.0)),
    Mistake("discount_squared", "γ is applied twice in the sum.", but(decay=lambda gamma: gamma**2)),
    Mistake("value_missing", "V(s_t) is not added: this is the correction v − V.", but(plus=0.0)),
    Mistake("value_missing_in_delta", "V(s_t) is not subtracted in δ.",
        but(delta=lambda rho, r, after, v: rho * (r + after)),
        but(delta=lambda rho, r, after, v: rho * (r + after), plus=0.0)),
    Mistake("sign", "The correction is subtracted: add it to V(s_t).",
        of(lambda v, case: 2 * case["value"] - v)),
    Mistake("policy_advantage",
        "This is the advantage for the policy. The targets v are asked.",
        of(policy_advantage)),
    Mistake("last_bootstrap",
        "The last step does not bootstrap from its own successor. next_value stands ready for it.",
        but(last=0.0),
        but(shifted=lambda value, last: np.append(value[1:], value[-1])),
        but(shifted=lambda value, last: np.roll(value, -1))),
    Mistake("forward", "The recursion runs forwards in time. Run it from the last step to the first.",
        but(forward=True)),
    Mistake("not_turned_back", "The steps come out in reverse order.", of(lambda v, case: v[::-1])),
)  # fmt: skip

VIVA = (
    "Data from the policy itself, both bounds large: what are the targets then?",
    "Which of the two bounds decides what the critic converges to, and which only how fast?",
    "Where in your code would the value of the next episode's first state slip in?",
)

EXERCISE = Exercise(
    vtrace_targets, draw, points=5, minutes=25, stars=3, mistakes=MISTAKES, pure=True, viva=VIVA
)
