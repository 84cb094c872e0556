# ruff: noqa  (as students write)

import numpy as np
import torch


def right_formula(target, online, tau):
    return tau * online + (1 - tau) * target


def right_in_place(target, online, tau):
    target *= 1 - tau
    target += tau * online
    return target


def right_lerp(target, online, tau):
    return torch.lerp(torch.as_tensor(target), torch.as_tensor(online), tau)


def right_loop(target, online, tau):
    return [t + tau * (o - t) for t, o in zip(target, online)]


def right_float32(target, online, tau):
    return (target.astype("float32") + np.float32(tau) * (online - target).astype("float32")).tolist()


def right_torch_methods(target, online, tau):
    return target.mul_(1 - tau).add_(online, alpha=tau)


def wrong_tau_swapped__a(target, online, tau):
    return tau * target + (1 - tau) * online


def wrong_tau_swapped__step(target, online, tau):
    return online + tau * (target - online)


def wrong_hard_copy__a(target, online, tau):
    return online.copy()


def wrong_target_unchanged__rebinds(target, online, tau):
    new = target
    target = (1 - tau) * target + tau * online
    return new


def wrong_missing_one_minus_tau__a(target, online, tau):
    return target + tau * online


def wrong_sign__a(target, online, tau):
    return target - tau * (online - target)


def wrong_step_only__a(target, online, tau):
    return tau * (online - target)


def wrong_tau_ignored__a(target, online, tau):
    return 0.5 * target + 0.5 * online


def wrong_minus_for_plus__a(target, online, tau):
    return (1 - tau) * target - tau * online


def wrong_none__in_place_no_return(target, online, tau):
    target[:] = (1 - tau) * target + tau * online


def right_data_copy(target, online, tau):
    return target.data.copy_(tau * online.data + (1.0 - tau) * target.data)


def wrong_target_unchanged__typo(target, online, tau):
    return (1 - tau) * target + tau * target
