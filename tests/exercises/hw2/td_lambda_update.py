# ruff: noqa  (as students write)

import numpy as np
import torch


def right_two_lines(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace + features
    return w + alpha * delta * z, z


def right_copies(w, trace, features, delta, alpha, gamma, lam):
    w, trace = w.copy(), trace.copy()
    trace *= gamma * lam
    trace += features
    w += alpha * delta * trace
    return w, trace


def right_loop(w, trace, features, delta, alpha, gamma, lam):
    new_w, new_z = [], []
    for a, z, x in zip(w, trace, features):
        z = float(z) * gamma * lam + float(x)
        new_z.append(z)
        new_w.append(float(a) + alpha * delta * z)
    return new_w, new_z


def right_torch_only(w, trace, features, delta, alpha, gamma, lam):
    z = torch.add(features, trace, alpha=gamma * lam)
    return w.add(z, alpha=alpha * delta), z


def right_one_array(w, trace, features, delta, alpha, gamma, lam):
    z = np.float32(features + lam * (gamma * trace))
    return np.stack([w + delta * (alpha * z), z])


def wrong_old_trace__a(w, trace, features, delta, alpha, gamma, lam):
    return w + alpha * delta * trace, gamma * lam * trace + features


def wrong_features_for_trace__a(w, trace, features, delta, alpha, gamma, lam):
    return w + alpha * delta * features, gamma * lam * trace + features


def wrong_no_decay__a(w, trace, features, delta, alpha, gamma, lam):
    z = trace + features
    return w + alpha * delta * z, z


def wrong_lambda_missing__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * trace + features
    return w + alpha * delta * z, z


def wrong_discount_missing__a(w, trace, features, delta, alpha, gamma, lam):
    z = lam * trace + features
    return w + alpha * delta * z, z


def wrong_trace_forgotten__a(w, trace, features, delta, alpha, gamma, lam):
    return w + alpha * delta * features, features + 0


def wrong_features_decayed__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * (trace + features)
    return w + alpha * delta * z, z


def wrong_features_decayed__after(w, trace, features, delta, alpha, gamma, lam):
    z = trace + features
    return w + alpha * delta * z, gamma * lam * z


def wrong_replacing_trace__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace
    z[np.asarray(features) != 0] = features[np.asarray(features) != 0]
    return w + alpha * delta * z, z


def wrong_dutch_trace__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace
    z = z + (1 - alpha * z @ features) * features
    return w + alpha * delta * z, z


def wrong_step_size_in_trace__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace + alpha * features
    return w + delta * z, z


def wrong_sign__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace + features
    return w - alpha * delta * z, z


def wrong_no_step_size__torch(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * torch.as_tensor(trace) + torch.as_tensor(features)
    return torch.as_tensor(w) + delta * z, z


def wrong_parts_swapped__a(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace + features
    return z, w + alpha * delta * z


def wrong_decay_in_step__returns_old_trace(w, trace, features, delta, alpha, gamma, lam):
    z = gamma * lam * trace + features
    return w + alpha * delta * z, trace


def wrong_changes_arguments__in_place(w, trace, features, delta, alpha, gamma, lam):
    trace *= gamma * lam
    trace += features
    w += alpha * delta * trace
    return w, trace


def wrong_changes_arguments__trace_only(w, trace, features, delta, alpha, gamma, lam):
    trace[:] = gamma * lam * trace + features
    return w + alpha * delta * trace, trace


def wrong_none__w_alone(w, trace, features, delta, alpha, gamma, lam):
    return w + alpha * delta * (gamma * lam * trace + features), None
