# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch


def right_numpy(new_probs, old_probs, q):
    rho = new_probs / old_probs
    return (rho * q).sum() / rho.sum()


def right_loop(new_probs, old_probs, q):
    top = bottom = 0.0
    for new, old, value in zip(new_probs, old_probs, q):
        top += float(new) / float(old) * float(value)
        bottom += float(new) / float(old)
    return top / bottom


def right_torch_only(new_probs, old_probs, q):
    rho = torch.exp(torch.log(new_probs) - torch.log(old_probs))
    return torch.dot(rho / rho.sum(), q)


def right_average(new_probs, old_probs, q):
    return np.average(q, weights=new_probs / old_probs)


def right_float32(new_probs, old_probs, q):
    rho = np.asarray(new_probs, np.float32) / np.asarray(old_probs, np.float32)
    return rho @ np.asarray(q, np.float32) / rho.sum()


def wrong_not_normalised__a(new_probs, old_probs, q):
    return (new_probs / old_probs * q).sum()


def wrong_divided_by_number__a(new_probs, old_probs, q):
    return (new_probs / old_probs * q).mean()


def wrong_ratio_inverted__a(new_probs, old_probs, q):
    rho = old_probs / new_probs
    return (rho * q).sum() / rho.sum()


def wrong_old_ignored__a(new_probs, old_probs, q):
    return (new_probs * q).sum() / new_probs.sum()


def wrong_new_ignored__a(new_probs, old_probs, q):
    return q.mean()


def wrong_not_summed__a(new_probs, old_probs, q):
    rho = new_probs / old_probs
    return rho * q / rho.sum()


def wrong_log_ratio__a(new_probs, old_probs, q):
    return (np.log(new_probs / old_probs) * q).sum()


def wrong_one_subtracted__a(new_probs, old_probs, q):
    return ((new_probs / old_probs - 1) * q).sum()


def wrong_baseline_subtracted__a(new_probs, old_probs, q):
    rho = new_probs / old_probs
    return (rho * (q - q.mean())).sum() / rho.sum()


def wrong_product_of_means__a(new_probs, old_probs, q):
    return (new_probs / old_probs).mean() * q.mean()


def wrong_sign__a(new_probs, old_probs, q):
    rho = new_probs / old_probs
    return -(rho * q).sum() / rho.sum()


def wrong_divisor_detached__a(new_probs, old_probs, q):
    rho = new_probs / old_probs
    assert isinstance(rho, torch.Tensor)
    return (rho * q).sum() / rho.sum().detach()


def wrong_no_gradient__a(new_probs, old_probs, q):
    assert isinstance(new_probs, torch.Tensor)
    rho = new_probs.detach() / old_probs
    return (rho * q).sum() / rho.sum() + 0 * new_probs.sum()


def wrong_none__text(new_probs, old_probs, q):
    return "L"


def wrong_changes_arguments__a(new_probs, old_probs, q):
    new_probs /= old_probs
    return (new_probs * q).sum() / new_probs.sum()


# From another hand, later.


def right_np(new_probs, old_probs, q):
    r = new_probs / old_probs
    return (r * q).sum() / r.sum()


def right_avg(new_probs, old_probs, q):
    return np.average(q, weights=new_probs / old_probs)


def right_torch(new_probs, old_probs, q):
    r = torch.as_tensor(new_probs) / torch.as_tensor(old_probs)
    return torch.dot(r / r.sum(), torch.as_tensor(q))


def right_softmax(new_probs, old_probs, q):
    return (
        torch.softmax(torch.log(torch.as_tensor(new_probs)) - torch.log(torch.as_tensor(old_probs)), 0)
        * torch.as_tensor(q)
    ).sum()


def right_loop_fresh(new_probs, old_probs, q):
    n = d = 0.0
    for a, b, v in zip(new_probs, old_probs, q):
        n = n + a / b * v
        d = d + a / b
    return n / d


def right_matmul(new_probs, old_probs, q):
    w = new_probs / old_probs
    w = w / w.sum()
    return w @ q


def right_f32(new_probs, old_probs, q):
    r = torch.as_tensor(new_probs).float() / torch.as_tensor(old_probs).float()
    return (r * torch.as_tensor(q).float()).sum() / r.sum()


def right_dict(new_probs, old_probs, q):
    rho = {k: new_probs[k] / old_probs[k] for k in range(len(q))}
    return sum((rho[k] * q[k] for k in rho)) / sum(rho.values())


def right_centered(new_probs, old_probs, q):
    r = new_probs / old_probs
    m = q.mean()
    return m + (r * (q - m)).sum() / r.sum()


def right_einsum(new_probs, old_probs, q, eps=0):
    r = torch.as_tensor(new_probs) / torch.as_tensor(old_probs)
    return torch.einsum("k,k->", r, torch.as_tensor(q)) / torch.einsum("k->", r)


W = lambda f: (
    lambda new_probs, old_probs, q: f(
        torch.as_tensor(new_probs), torch.as_tensor(old_probs), torch.as_tensor(q)
    )
)

wrong_numerator_detached__fresh_detach = W(lambda n, o, q: ((n / o).detach() * q).sum() / (n / o).sum())

wrong_divisor_wrong__fresh_den = W(lambda n, o, q: (n / o * q).sum() / n.sum())

wrong_root_of_ratio__fresh_sqrtw = W(lambda n, o, q: (torch.sqrt(n / o) * q).sum() / torch.sqrt(n / o).sum())

wrong_ratio_of_sums__fresh_sumratio = W(lambda n, o, q: n.sum() / o.sum() * q.mean())

wrong_log_probability__fresh_logn = W(lambda n, o, q: (n.log() * q).sum() / (n / o).sum())
