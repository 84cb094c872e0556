# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_if(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    if rho > 0.75 and math.isclose(step_length, radius):
        return min(2 * radius, max_radius)
    return radius


def right_tolerance(radius, rho, step_length, max_radius):
    if rho < 1 / 4:
        radius *= 0.25
    elif rho > 3 / 4 and step_length >= radius - 1e-8:
        radius = max_radius if 2 * radius > max_radius else 2 * radius
    return radius


def right_where(radius, rho, step_length, max_radius):
    grown = np.where(
        (rho > 0.75) & (abs(step_length - radius) < 1e-6), np.minimum(2 * radius, max_radius), radius
    )
    return np.where(rho < 0.25, 0.25 * radius, grown)


def right_torch(radius, rho, step_length, max_radius):
    factor = 0.25 if rho < 0.25 else 2.0 if rho > 0.75 and step_length / radius > 0.999 else 1.0
    new = torch.tensor(radius * factor, dtype=torch.float32)
    return new if factor <= 1 else torch.clamp(new, max=max_radius)


def wrong_grows_on_interior_step__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    if rho > 0.75:
        return min(2 * radius, max_radius)
    return radius


def wrong_grows_on_rejection__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return min(2 * radius, max_radius)
    if rho > 0.75 and step_length == radius:
        return radius / 4
    return radius


def wrong_no_max__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    return 2 * radius if rho > 0.75 and step_length >= radius else radius


def wrong_thresholds_swapped__a(radius, rho, step_length, max_radius):
    if rho < 0.75:
        return radius / 4
    if rho > 0.25 and step_length == radius:
        return min(2 * radius, max_radius)
    return radius


def wrong_shrink_factor__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 2
    return min(2 * radius, max_radius) if rho > 0.75 and step_length == radius else radius


def wrong_never_grows__a(radius, rho, step_length, max_radius):
    return radius / 4 if rho < 0.25 else radius


def wrong_never_shrinks__a(radius, rho, step_length, max_radius):
    return min(2 * radius, max_radius) if rho > 0.75 and step_length == radius else radius


def wrong_shrink_threshold__rejected_only(radius, rho, step_length, max_radius):
    if rho < 0:
        return radius / 4
    return min(2 * radius, max_radius) if rho > 0.75 and step_length == radius else radius


def wrong_step_for_radius__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return step_length / 4
    return min(2 * radius, max_radius) if rho > 0.75 and step_length == radius else radius


def wrong_max_for_min__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    return max(2 * radius, max_radius) if rho > 0.75 and step_length == radius else radius


def wrong_or_for_and__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    return min(2 * radius, max_radius) if rho > 0.75 or step_length == radius else radius


def wrong_shrinks_in_between__a(radius, rho, step_length, max_radius):
    if rho > 0.75 and step_length >= radius:
        return min(2 * radius, max_radius)
    return radius / 4


def wrong_grow_factor__a(radius, rho, step_length, max_radius):
    if rho < 0.25:
        return radius / 4
    return min(4 * radius, max_radius) if rho > 0.75 and step_length == radius else radius
