"""L = −1/B Σ Q(oᵢ, μ(oᵢ)): the loss whose descent raises Q at the actor's own actions.

critic(observation, action) gives [B] and actor(observation) gives actions, both torch functions; observation
and action are a batch from replay. The answer is a scalar with its graph, and its gradient is judged too.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def actor_loss(critic, actor, observation, action):
    return -critic(observation, actor(observation)).mean()


def draw(rng):
    return [
        {
            "observation": rng.normal(0, 1, (batch, 3)),
            "action": rng.uniform(-1, 1, (batch, dims)),
            "actor_weights": rng.normal(0, 0.6, (3, dims)),
            "critic_weights": rng.normal(0, 1, (3, dims)),
            "critic_curvature": rng.uniform(0.2, 1.0, dims),
        }
        for batch, dims in ((5, 2), (4, 1), (7, 3))
    ]


def adaptor(function, case, plain):
    """μ(o) = tanh(oW), Q(o, a) = tanh(oB)·a − ½ Σ c a²; the answer is the loss and ∂loss/∂W."""
    import torch

    case = {name: torch.tensor(value, dtype=torch.float64) for name, value in case.items()}
    weights = case["actor_weights"].requires_grad_()

    def actor(observation):
        return torch.tanh(observation @ weights)

    def critic(observation, action):
        slope = torch.tanh(observation @ case["critic_weights"])
        return (slope * action).sum(-1) - 0.5 * (case["critic_curvature"] * action**2).sum(-1)

    loss = function(critic, actor, case["observation"], case["action"])
    value, gradient = plain(loss), None
    if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.numel() == 1:
        (gradient,) = torch.autograd.grad(loss.sum(), weights, allow_unused=True)
    return {"value": value, "gradient": torch.zeros_like(weights) if gradient is None else gradient}


def minus_mean(values):
    return -values.mean(), np.full(len(values), -1 / len(values))


def loss_with(loss=minus_mean, replayed=False, detached=False):
    """Loss and gradient in closed form. `loss` makes of the values Q a number and its derivative ∂/∂Q."""

    def wrong(observation, action, actor_weights, critic_weights, critic_curvature):
        mu = np.tanh(observation @ actor_weights)
        slope = np.tanh(observation @ critic_weights)
        used = action if replayed else mu
        value, weights = loss((slope * used).sum(-1) - 0.5 * (critic_curvature * used**2).sum(-1))
        dq_da = slope - critic_curvature * mu
        gradient = observation.T @ (weights[:, None] * dq_da * (1 - mu**2))
        return {"value": value, "gradient": 0 * gradient if detached or replayed else gradient}

    return wrong


def imitation(observation, action, actor_weights, **_):
    mu = np.tanh(observation @ actor_weights)
    gradient = observation.T @ (2 * (mu - action) / action.size * (1 - mu**2))
    return {"value": np.mean((mu - action) ** 2), "gradient": gradient}


MISTAKES = (
    Mistake("sign", "An optimiser descends, so this loss makes Q smaller. The loss is minus the mean of Q.",
        loss_with(lambda q: (q.mean(), np.full(len(q), 1 / len(q))))),
    Mistake("replay_action",
        "The actions come from the replay batch, so the loss does not depend on the actor. Ask the actor: "
        "Q(o, μ(o)).",
        loss_with(replayed=True)),
    Mistake("replay_action",
        "The actions come from the replay batch, so the loss does not depend on the actor, and its sign is "
        "wrong. Use −mean Q(o, μ(o)).",
        loss_with(lambda q: (q.mean(), q), replayed=True)),
    Mistake("sum_for_mean",
        "The loss sums over the batch: doubling the batch would double the step. Take the mean.",
        loss_with(lambda q: (-q.sum(), -np.ones(len(q))))),
    Mistake("detached_action",
        "The value is right but no gradient reaches the actor: is its action detached, or computed under "
        "no_grad?",
        loss_with(detached=True)),
    Mistake("squared", "Q is squared. There is nothing to regress to here: the actor climbs Q itself.",
        loss_with(lambda q: (np.mean(q**2), 2 * q / len(q))),
        loss_with(lambda q: (-np.mean(q**2), -2 * q / len(q)))),
    Mistake("first_only", "Only the first transition of the batch counts. Average over all of them.",
        loss_with(lambda q: (-q[0], -np.eye(len(q))[0]))),
    Mistake("max_for_mean", "Only the best transition of the batch counts. Average over all of them.",
        loss_with(lambda q: (-q.max(), -np.eye(len(q))[q.argmax()]))),
    Mistake("behaviour_cloning",
        "This pulls the actor to the replayed actions. That is imitation: the actor must climb Q.",
        imitation),
    Mistake("not_reduced", "The loss is one number per transition. Average them to one number.",
        loss_with(lambda q: (-q, -np.ones(len(q))), detached=True)),
)  # fmt: skip

VIVA = (
    "Point at the place where your gradient would stop if you wrote .detach(), and say what is then learnt.",
    "Why may the action of the batch not be used here, although the critic needs it?",
    "The critic has a narrow false peak. What does your loss make of it?",
)

EXERCISE = Exercise(
    actor_loss, draw, points=4, minutes=10, stars=2, mistakes=MISTAKES, adaptor=adaptor, viva=VIVA
)
