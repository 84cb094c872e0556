# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


class right_chan:
    def __init__(self, dimension):
        self.n, self.mean, self.m2 = 0, np.zeros(dimension), np.zeros(dimension)

    def update(self, batch):
        m = len(batch)
        mean, m2 = batch.mean(0), ((batch - batch.mean(0)) ** 2).sum(0)
        gap, total = mean - self.mean, self.n + m
        self.m2 = self.m2 + m2 + gap**2 * self.n * m / total
        self.mean = self.mean + gap * m / total
        self.n = total

    @property
    def var(self):
        return self.m2 / self.n


class right_welford:
    def __init__(self, dimension):
        self.n = 0
        self.mean = np.zeros(dimension)
        self.squares = np.zeros(dimension)

    def update(self, batch):
        for row in np.asarray(batch, dtype=float):
            self.n += 1
            old = row - self.mean
            self.mean = self.mean + old / self.n
            self.squares = self.squares + old * (row - self.mean)
        self.var = self.squares / self.n


class right_torch_only:
    def __init__(self, dimension):
        self.count = 0
        self.mean = torch.zeros(dimension, dtype=torch.float64)
        self.var = torch.zeros(dimension, dtype=torch.float64)

    def update(self, batch):
        n, total = batch.shape[0], self.count + batch.shape[0]
        gap = torch.mean(batch, dim=0) - self.mean
        self.var = (self.count * self.var + n * torch.var(batch, dim=0, correction=0)) / total
        self.var = self.var + gap**2 * self.count * n / total**2
        self.mean = self.mean + gap * n / total
        self.count = total


class right_shifted:
    """Squares around the first row: stable as long as the data stay near it."""

    def __init__(self, dimension):
        self.origin, self.n = None, 0
        self.first, self.second = np.zeros(dimension), np.zeros(dimension)

    def update(self, batch):
        if self.origin is None:
            self.origin = np.array(batch[0], dtype=float)
        d = batch - self.origin
        self.first = self.first + d.sum(0)
        self.second = self.second + (d**2).sum(0)
        self.n += len(d)

    @property
    def mean(self):
        return self.origin + self.first / self.n

    @property
    def var(self):
        return self.second / self.n - (self.first / self.n) ** 2


class Base:
    def __init__(self, dimension):
        self.n, self.mean, self.var = 0, np.zeros(dimension), np.zeros(dimension)


class wrong_unstable__sums_of_squares:
    def __init__(self, dimension):
        self.n, self.s, self.q = 0, np.zeros(dimension), np.zeros(dimension)

    def update(self, batch):
        self.n += len(batch)
        self.s = self.s + batch.sum(0)
        self.q = self.q + (batch**2).sum(0)
        self.mean = self.s / self.n
        self.var = self.q / self.n - self.mean**2


class wrong_unstable__single_precision(Base):
    def update(self, batch):
        batch = np.asarray(batch, dtype=np.float32)
        n, total = len(batch), self.n + len(batch)
        gap = batch.mean(0) - self.mean
        self.var = (self.n * self.var + n * batch.var(0) + gap**2 * self.n * n / total) / total
        self.mean, self.n = self.mean + gap * n / total, total


class wrong_sample_variance__a(Base):
    def update(self, batch):
        n, total = len(batch), self.n + len(batch)
        gap = batch.mean(0) - self.mean
        m2 = self.var * max(self.n - 1, 0) + batch.var(0) * n + gap**2 * self.n * n / total
        self.var = m2 / max(total - 1, 1)
        self.mean, self.n = self.mean + gap * n / total, total


class wrong_between_missing__a(Base):
    def update(self, batch):
        n, total = len(batch), self.n + len(batch)
        self.var = (self.n * self.var + n * batch.var(0)) / total
        self.mean, self.n = (self.n * self.mean + n * batch.mean(0)) / total, total


class wrong_batches_weigh_equally__a(Base):
    def update(self, batch):
        self.n += 1
        self.mean = self.mean + (batch.mean(0) - self.mean) / self.n
        self.var = self.var + (batch.var(0) - self.var) / self.n


class wrong_newest_batch__a(Base):
    def update(self, batch):
        self.mean, self.var = batch.mean(0), batch.var(0)


class wrong_smoothed__a(Base):
    def update(self, batch):
        a = 0.1 if self.n else 1.0
        self.n += 1
        self.mean = (1 - a) * self.mean + a * batch.mean(0)
        self.var = (1 - a) * self.var + a * batch.var(0)


class wrong_gap_after_mean__a(Base):
    def update(self, batch):
        n, total = len(batch), self.n + len(batch)
        self.mean = self.mean + (batch.mean(0) - self.mean) * n / total
        gap = batch.mean(0) - self.mean
        self.var = (self.n * self.var + n * batch.var(0) + gap**2 * self.n * n / total) / total
        self.n = total


class wrong_prior_counts__a:
    def __init__(self, dimension):
        self.count, self.mean, self.var = 1e-4, np.zeros(dimension), np.ones(dimension)

    def update(self, batch):
        n, total = len(batch), self.count + len(batch)
        gap = batch.mean(0) - self.mean
        self.var = (self.count * self.var + n * batch.var(0) + gap**2 * self.count * n / total) / total
        self.mean, self.count = self.mean + gap * n / total, total


class wrong_gap_weight__a(Base):
    def update(self, batch):
        n, total = len(batch), self.n + len(batch)
        gap = batch.mean(0) - self.mean
        self.var = (self.n * self.var + n * batch.var(0) + gap**2 * self.n * n) / total
        self.mean, self.n = self.mean + gap * n / total, total


class wrong_standard_deviation__a:
    def __init__(self, dimension):
        self.inner = right_chan(dimension)

    def update(self, batch):
        self.inner.update(batch)
        self.mean, self.var = self.inner.mean, np.sqrt(self.inner.var)


class wrong_keeps_rows__a:
    def __init__(self, dimension):
        self.rows = []

    def update(self, batch):
        self.rows.extend(np.asarray(batch))

    @property
    def mean(self):
        return np.mean(self.rows, axis=0)

    @property
    def var(self):
        return np.var(self.rows, axis=0)


class wrong_dimensions_mixed__a:
    def __init__(self, dimension):
        self.d, self.inner = dimension, right_chan(1)

    def update(self, batch):
        self.inner.update(np.asarray(batch).reshape(-1, 1))
        self.mean, self.var = np.full(self.d, self.inner.mean[0]), np.full(self.d, self.inner.var[0])


class wrong_changes_arguments__a:
    def __init__(self, dimension):
        self.inner = right_chan(dimension)

    def update(self, batch):
        self.inner.update(batch)
        self.mean, self.var = self.inner.mean, self.inner.var
        batch -= self.mean


class wrong_none__var_is_a_method:
    def __init__(self, dimension):
        self.inner = right_chan(dimension)

    def update(self, batch):
        self.inner.update(batch)
        self.mean = self.inner.mean

    def var(self):
        return self.inner.var


# From another hand, later.


class right_chan_fresh:
    def __init__(self, dimension):
        self.n = 0
        self.mean = np.zeros(dimension)
        self.S = np.zeros(dimension)

    def update(self, batch):
        m = len(batch)
        bm = batch.mean(0)
        bs = ((batch - bm) ** 2).sum(0)
        d = bm - self.mean
        t = self.n + m
        self.S = self.S + bs + d**2 * self.n * m / t
        self.mean = self.mean + d * m / t
        self.n = t

    @property
    def var(self):
        return self.S / max(self.n, 1)


class right_welford_fresh:
    def __init__(self, dimension):
        self.count = 0
        self.mean = np.zeros(dimension)
        self.m2 = np.zeros(dimension)
        self.var = np.zeros(dimension)

    def update(self, batch):
        for row in batch:
            self.count += 1
            d = row - self.mean
            self.mean = self.mean + d / self.count
            self.m2 = self.m2 + d * (row - self.mean)
        self.var = self.m2 / self.count


class right_torch:
    def __init__(self, dimension):
        self.n = 0
        self.mean = torch.zeros(dimension, dtype=torch.float64)
        self.var = torch.zeros(dimension, dtype=torch.float64)

    def update(self, batch):
        b = torch.as_tensor(batch).double()
        m = len(b)
        mu, v = (b.mean(0), b.var(0, correction=0))
        t = self.n + m
        d = mu - self.mean
        self.var = (self.n * self.var + m * v + d * d * self.n * m / t) / t
        self.mean = self.mean + d * m / t
        self.n = t


class right_shift:
    def __init__(self, dimension):
        self.shift = None
        self.n = 0
        self.s = np.zeros(dimension)
        self.q = np.zeros(dimension)

    def update(self, batch):
        if self.shift is None:
            self.shift = batch[0].copy()
        x = batch - self.shift
        self.n += len(x)
        self.s = self.s + x.sum(0)
        self.q = self.q + (x * x).sum(0)

    mean = property(lambda self: self.shift + self.s / self.n)
    var = property(lambda self: self.q / self.n - (self.s / self.n) ** 2)


class right_eps:
    def __init__(self, dimension, epsilon=0.0):
        self.mean, self.var, self.count = (
            np.zeros(dimension, "float64"),
            np.ones(dimension, "float64"),
            epsilon,
        )

    def update(self, batch):
        bm, bv, bc = (np.mean(batch, axis=0), np.var(batch, axis=0), batch.shape[0])
        delta = bm - self.mean
        tot = self.count + bc
        new = self.mean + delta * bc / tot
        M2 = self.var * self.count + bv * bc + np.square(delta) * self.count * bc / tot
        self.mean, self.var, self.count = (new, M2 / tot, tot)


class right_lists:
    def __init__(self, dimension):
        self.d = dimension
        self.n = 0
        self.mean = [0.0] * dimension
        self._s = [0.0] * dimension

    def update(self, batch):
        for r in batch.tolist():
            self.n += 1
            for i, x in enumerate(r):
                d = x - self.mean[i]
                self.mean[i] += d / self.n
                self._s[i] += d * (x - self.mean[i])

    @property
    def var(self):
        return [s / self.n for s in self._s]


class right_dict:
    def __init__(self, dimension):
        self.state = dict(n=0, mean=np.zeros(dimension), S=np.zeros(dimension))

    def update(self, batch):
        s = self.state
        m = len(batch)
        mu = batch.mean(0)
        t = s["n"] + m
        d = mu - s["mean"]
        self.state = dict(
            n=t,
            mean=(s["n"] * s["mean"] + m * mu) / t if s["n"] else mu,
            S=s["S"] + ((batch - mu) ** 2).sum(0) + d * d * s["n"] * m / t,
        )

    def __getattr__(self, k):
        if k == "mean":
            return self.state["mean"]
        if k == "var":
            return self.state["S"] / max(self.state["n"], 1)
        raise AttributeError(k)


def _W(
    varf=lambda s: s.S / max(s.n, 1),
    cross=lambda d, n, m: d * d * n * m / (n + m),
    mean=lambda s, d, m, t: s.mean + d * m / t,
    n=lambda s, m: s.n + m,
    own=lambda b: ((b - b.mean(0)) ** 2).sum(0),
):

    class R:
        def __init__(self, dimension):
            self.n = 0
            self.mean = np.zeros(dimension)
            self.S = np.zeros(dimension)

        def update(self, batch):
            m = len(batch)
            d = batch.mean(0) - self.mean
            self.S = self.S + own(batch) + cross(d, self.n, m)
            t = n(self, m)
            self.mean = mean(self, d, m, self.n + m)
            self.n = t

        @property
        def var(self):
            return varf(self)

    return R


wrong_mean_weight__fresh_meanavg = _W(mean=lambda s, d, m, t: s.mean + d / 2)

wrong_mean_weight__fresh_ema = _W(mean=lambda s, d, m, t: s.mean + 0.1 * d if s.n else s.mean + d)

wrong_batches_counted__fresh_countbatches = _W(n=lambda s, m: s.n + 1)

wrong_own_part_wrong__fresh_ownvar = _W(own=lambda b: b.var(0))

wrong_gap_weight__fresh_half = _W(cross=lambda d, n, m: d * d * n * m / (n + m) / 2)

wrong_gap_weight__fresh_sumnm = _W(cross=lambda d, n, m: d * d * (n + m))

wrong_own_part_wrong__fresh_ownddof = _W(own=lambda b: b.var(0, ddof=1) * len(b) if len(b) > 1 else 0 * b[0])


class wrong_gap_weight__fresh_deviations_old:
    def __init__(self, dimension):
        self.n = 0
        self.mean = np.zeros(dimension)
        self.S = np.zeros(dimension)

    def update(self, batch):
        m = len(batch)
        t = self.n + m
        new = self.mean + (batch.mean(0) - self.mean) * m / t
        self.S = self.S + ((batch - new) ** 2).sum(0)
        self.mean = new
        self.n = t

    var = property(lambda self: self.S / max(self.n, 1))
