"""∇_θ J ≈ (1/N) Σ_i ∇_θ μ(s_i) ∇_a Q(s_i, a)|_{a = μ(s_i)}: the chain rule, averaged over states.

dq_da [N, A], dmu_dtheta [N, P, A] (∂μ_a/∂θ_p at [n, p, a]); the answer is [P]. Silver et al. 2014.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def deterministic_policy_gradient(dq_da, dmu_dtheta):
    return np.einsum("npa,na->p", dmu_dtheta, dq_da) / len(dq_da)


def draw(rng):
    return [
        {"dq_da": rng.normal(0.3, 1, (n, a)), "dmu_dtheta": rng.normal(0.2, 1, (n, p, a))}
        for n, p, a in ((4, 3, 2), (5, 4, 3), (3, 2, 4), (6, 3, 1), (2, 5, 2), (4, 2, 3))
    ]


def of(wrong):
    """Something else made of the terms ∂μ_a/∂θ_p ∂Q/∂a [N, P, A]."""
    return lambda dq_da, dmu_dtheta: wrong(dmu_dtheta * dq_da[:, None, :])


MISTAKES = (
    Mistake("sign", "This points down Q: it is the gradient of an actor's loss. Asked is the way up.",
        of(lambda x: -x.sum(2).mean(0))),
    Mistake("sum_for_mean", "The states are summed. Average them: no step may grow with N.",
        of(lambda x: x.sum((0, 2)))),
    Mistake("averaged_over_actions",
        "The action's dimensions are averaged. The chain rule sums over them; only the states are averaged.",
        of(lambda x: x.mean((0, 2))), of(lambda x: x.mean(2).sum(0))),
    Mistake("averaged_apart",
        "∇μ and ∇Q are averaged apart. Each state's own two belong together: multiply first, then average.",
        lambda dq_da, dmu_dtheta: dmu_dtheta.mean(0) @ dq_da.mean(0),
        lambda dq_da, dmu_dtheta: dmu_dtheta.mean(0) @ dq_da.sum(0),
        lambda dq_da, dmu_dtheta: dmu_dtheta.sum(0) @ dq_da.sum(0)),
    Mistake("policy_only", "∇_a Q is not used: which way the action must move is for Q to say.",
        lambda dq_da, dmu_dtheta: dmu_dtheta.sum(2).mean(0),
        lambda dq_da, dmu_dtheta: dmu_dtheta.mean((0, 2))),
    Mistake("one_action_dimension", "Only one dimension of the action counts. The chain rule sums over all.",
        of(lambda x: x[:, :, 0].mean(0)), of(lambda x: x[:, :, -1].mean(0))),
    Mistake("one_state", "Only one state counts. Average over all of them.",
        of(lambda x: x[0].sum(1)), of(lambda x: x[-1].sum(1))),
    Mistake("not_averaged", "One row a state is left. Average over the states: [P].", of(lambda x: x.sum(2))),
    Mistake("not_summed_over_actions",
        "The action's dimensions are left. The chain rule sums over them: [P].",
        of(lambda x: x.mean(0)), of(lambda x: x.sum(0)), of(lambda x: x)),
    Mistake("summed_over_parameters", "The parameters are summed. Each has its own entry: [P].",
        of(lambda x: x.sum((1, 2)).mean()), of(lambda x: x.mean(0).sum(0)), of(lambda x: x.sum((1, 2)))),
    Mistake("sign_only", "Only the sign of ∇_a Q is used. Its size says how much is to be gained.",
        lambda dq_da, dmu_dtheta: np.einsum("npa,na->p", dmu_dtheta, np.sign(dq_da)) / len(dq_da)),
    Mistake("normalised", "∇_a Q is scaled to length 1. It enters as it is.",
        lambda dq_da, dmu_dtheta: np.einsum(
            "npa,na->p", dmu_dtheta, dq_da / np.linalg.norm(dq_da, axis=1, keepdims=True)) / len(dq_da)),
    Mistake("rows_mixed", "∇μ of one state meets ∇Q of another. Each state's own two belong together.",
        lambda dq_da, dmu_dtheta: np.einsum("npa,na->p", dmu_dtheta, np.roll(dq_da, 1, 0)) / len(dq_da)),
    Mistake("summed_before",
        "∇μ and ∇Q are summed over the action's dimensions before they meet. Multiply dimension by "
        "dimension.",
        lambda dq_da, dmu_dtheta: (dmu_dtheta.sum(2) * dq_da.sum(1, keepdims=True)).mean(0),
        lambda dq_da, dmu_dtheta: (dmu_dtheta.mean(2) * dq_da.mean(1, keepdims=True)).mean(0),
        lambda dq_da, dmu_dtheta: dmu_dtheta.sum(2).mean(0) * dq_da.sum(1).mean()),
    Mistake("sum_for_product", "∇μ and ∇Q are added or divided. The chain rule multiplies them.",
        lambda dq_da, dmu_dtheta: (dmu_dtheta + dq_da[:, None]).sum(2).mean(0),
        lambda dq_da, dmu_dtheta: (dmu_dtheta / dq_da[:, None]).sum(2).mean(0)),
    Mistake("one_sided", "Only slopes of one sign are used, or their sizes. ∇Q may point either way.",
        lambda dq_da, dmu_dtheta: deterministic_policy_gradient(np.abs(dq_da), dmu_dtheta),
        lambda dq_da, dmu_dtheta: deterministic_policy_gradient(np.maximum(dq_da, 0), dmu_dtheta)),
    Mistake("squared", "A part enters squared. The chain rule has ∇μ once and ∇Q once.",
        lambda dq_da, dmu_dtheta: np.einsum("npa,na->p", dmu_dtheta, dq_da**2) / len(dq_da),
        lambda dq_da, dmu_dtheta: np.einsum("npa,na->p", dmu_dtheta**2, dq_da) / len(dq_da)),
    Mistake("divided_by_parameters", "The sum is divided by the number of parameters, not of states.",
        of(lambda x: x.sum((0, 2)) / x.shape[1]), of(lambda x: x.sum((0, 2)) / x.shape[0] ** 2)),
)  # fmt: skip

VIVA = (
    "Why is there no log-probability here, and no sum over actions?",
    "Q has a bump that is not there in truth, right at μ(s). What does this gradient make of it?",
    "Over which states must the mean run for this to be ∇J, and which are used in practice?",
)

EXERCISE = Exercise(
    deterministic_policy_gradient,
    draw,
    points=3,
    minutes=10,
    stars=2,
    mistakes=MISTAKES,
    pure=True,
    viva=VIVA,
)
