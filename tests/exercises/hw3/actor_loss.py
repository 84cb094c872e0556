# ruff: noqa  (as students write)

import torch


def right_mean(critic, actor, observation, action):
    return -critic(observation, actor(observation)).mean()


def right_sum_over_n(critic, actor, observation, action):
    q = critic(observation, actor(observation))
    return -q.sum() / len(q)


def right_negative_first(critic, actor, observation, action):
    print("actor loss")
    return torch.mean(-1.0 * critic(observation, actor(observation)))


def right_loop(critic, actor, observation, action):
    total = 0
    for row in observation:
        total = total - critic(row[None], actor(row[None]))[0]
    return total / observation.shape[0]


def right_float32(critic, actor, observation, action):
    return critic(observation, actor(observation)).float().mean().neg()


def wrong_sign__a(critic, actor, observation, action):
    return critic(observation, actor(observation)).mean()


def wrong_replay_action__a(critic, actor, observation, action):
    return -critic(observation, action).mean()


def wrong_sum_for_mean__a(critic, actor, observation, action):
    return -critic(observation, actor(observation)).sum()


def wrong_detached_action__a(critic, actor, observation, action):
    return -critic(observation, actor(observation).detach()).mean()


def wrong_detached_action__no_grad(critic, actor, observation, action):
    with torch.no_grad():
        a = actor(observation)
    return -critic(observation, a).mean()


def wrong_detached_action__item(critic, actor, observation, action):
    return -critic(observation, actor(observation)).mean().item()


def wrong_behaviour_cloning__a(critic, actor, observation, action):
    return torch.nn.functional.mse_loss(actor(observation), action)


def wrong_squared__a(critic, actor, observation, action):
    return (critic(observation, actor(observation)) ** 2).mean()


def wrong_not_reduced__a(critic, actor, observation, action):
    return -critic(observation, actor(observation))


def wrong_max_for_mean__a(critic, actor, observation, action):
    return -critic(observation, actor(observation)).max()
