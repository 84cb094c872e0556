"""The linear-quadratic regulator: a continuous problem whose values, gradients and optimum are matrices.

Shapes: state x [n], action u [m], gain K [m, n]. The methods also take a batch of gains [..., m, n], for maps
of the cost.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LQR:
    """x' = A x + B u + ξ, cost Σ_t γ^t (xᵀQx + uᵀRu), u = −K x.

    A [n, n], B [n, m], Q [n, n] ≥ 0, R [m, m] > 0 (both symmetric), γ in [0, 1], start = E[x₀ x₀ᵀ] [n, n] ≥
    0, noise = E[ξ ξᵀ] [n, n] ≥ 0 of a ξ with mean 0, drawn anew at every step (default: none; γ < 1 where it
    is not 0, or every cost is infinite). A gain has a finite cost where √γ ρ(A − BK) < 1, ρ the spectral
    radius; other gains raise ValueError. Costs are unnormalised sums, as η is. Source: Fazel et al. 2018,
    "Global Convergence of Policy Gradient Methods for the Linear Quadratic Regulator", here with a discount.
    """

    A: np.ndarray
    B: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    gamma: float
    start: np.ndarray
    noise: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("A", "B", "Q", "R", "start"):
            object.__setattr__(self, name, _matrix(getattr(self, name), name))
        noise = np.zeros_like(self.start) if self.noise is None else self.noise
        object.__setattr__(self, "noise", _matrix(noise, "noise"))
        n, m = len(self.A), self.B.shape[1]
        state = dict.fromkeys(("A", "Q", "start", "noise"), (n, n))
        for name, shape in {**state, "B": (n, m), "R": (m, m)}.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; A and B ask for {shape}")
        for name in ("Q", "R", "start", "noise"):
            kind = "definite" if name == "R" else "semidefinite"
            matrix = getattr(self, name)
            least, most = np.linalg.eigvalsh(matrix)[[0, -1]]
            positive = least > 0 if kind == "definite" else least >= -1e-12 * most
            if not positive or not np.allclose(matrix, matrix.T):
                raise ValueError(f"{name} must be symmetric and positive {kind}")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma}; it must lie in [0, 1]")
        if self.gamma == 1 and self.noise.any():
            raise ValueError("noise without a discount costs infinitely much: gamma must be below 1")

    def is_stable(self, K: np.ndarray) -> np.ndarray:
        """√γ ρ(A − BK) < 1: whether the cost of u = −Kx is finite from every start. [..., m, n] -> [...]."""
        return self._growth(self._closed_loop(K)) < 1

    def value_matrix(self, K: np.ndarray) -> np.ndarray:
        """P = Q + KᵀRK + γ (A − BK)ᵀ P (A − BK): the cost from x on is xᵀPx, and what the noise adds.

        That is γ/(1 − γ) tr(P noise), from every x alike. [..., m, n] -> [..., n, n].
        """
        M = self._stable_loop(K)
        return _discounted_sum(M, self.Q + _transpose(K) @ self.R @ K, self.gamma)

    def action_value_matrix(self, K: np.ndarray) -> np.ndarray:
        """H: the cost of u in x, and of −Kx from then on, is zᵀHz with z = (x, u), and what the noise adds.

        H = diag(Q, R) + γ (A B)ᵀ P (A B), P the `value_matrix`; xᵀPx = zᵀHz at u = −Kx. [..., m, n] -> [...,
        n + m, n + m].
        """
        (n, m), both = self.B.shape, np.hstack([self.A, self.B])
        now = np.block([[self.Q, np.zeros((n, m))], [np.zeros((m, n)), self.R]])
        return now + self.gamma * both.T @ self.value_matrix(K) @ both

    def cost(self, K: np.ndarray) -> np.ndarray:
        """C(K) = E[Σ_t γ^t (xᵀQx + uᵀRu)] = tr(P start) + γ/(1 − γ) tr(P noise). [..., m, n] -> [...]."""
        return np.sum(self.value_matrix(K) * self._arrivals(), axis=(-2, -1))

    def state_matrix(self, K: np.ndarray) -> np.ndarray:
        """Σ = E[Σ_t γ^t x_t x_tᵀ] = start + γ/(1 − γ) noise + γ (A − BK) Σ (A − BK)ᵀ.

        [..., m, n] -> [..., n, n].
        """
        return _discounted_sum(_transpose(self._stable_loop(K)), self._arrivals(), self.gamma)

    def gradient(self, K: np.ndarray) -> np.ndarray:
        """∇_K C = 2 [ (R + γ BᵀPB) K − γ BᵀPA ] Σ.

        P is the `value_matrix` of K, Σ its `state_matrix`. [..., m, n] -> [..., m, n].
        """
        P = self.value_matrix(K)
        return 2 * (self.R @ K - self.gamma * self.B.T @ P @ self._closed_loop(K)) @ self.state_matrix(K)

    def optimal_gain(self) -> np.ndarray:
        """K* = γ (R + γ BᵀP*B)⁻¹ BᵀP*A,  P* = min_K P(K), the solution of Riccati's equation. [m, n].

        Value iteration on P from P = Q, until its greedy gain is stable; from there policy iteration, which
        converges quadratically (Hewer 1971). Raises ValueError where no stable gain appears.
        """
        P = self.Q
        for _ in range(10_000):
            K = self._greedy_gain(P)
            if self.is_stable(K):
                break
            P = self.Q + K.T @ self.R @ K + self.gamma * self._closed_loop(K).T @ P @ self._closed_loop(K)
            if not np.all(np.abs(P) < 1e100):
                raise ValueError("no gain keeps the cost finite: (√γ A, B) cannot be stabilised")
        else:
            raise ValueError("no stable gain was found: Q must see every mode that grows by itself")
        for _ in range(50):
            K, previous = self._greedy_gain(self.value_matrix(K)), K
            if np.allclose(K, previous, rtol=1e-13, atol=1e-13 * (1 + np.abs(K).max())):
                break
        return K

    def _arrivals(self) -> np.ndarray:
        """start + Σ_{t ≥ 1} γ^t noise: what comes in from outside, discounted."""
        return self.start + self.noise * (self.gamma / (1 - self.gamma) if self.noise.any() else 0.0)

    def _greedy_gain(self, P: np.ndarray) -> np.ndarray:
        """argmin_K of one step of K and the cost xᵀPx from then on: γ (R + γ BᵀPB)⁻¹ BᵀPA."""
        BP = self.gamma * self.B.T @ P
        return np.linalg.solve(self.R + BP @ self.B, BP @ self.A)

    def _closed_loop(self, K: np.ndarray) -> np.ndarray:
        """A − BK, what the state is multiplied by."""
        if np.shape(K)[-2:] != self.B.T.shape:
            raise ValueError(f"K has shape {np.shape(K)}; u = −Kx asks for [m, n] = {self.B.T.shape}")
        if not np.isfinite(K).all():
            raise ValueError("K must be finite")
        return self.A - self.B @ K

    def _growth(self, M: np.ndarray) -> np.ndarray:
        """√γ ρ(M)."""
        return np.sqrt(self.gamma) * np.abs(np.linalg.eigvals(M)).max(axis=-1)

    def _stable_loop(self, K: np.ndarray) -> np.ndarray:
        """A − BK, or ValueError where its discounted powers do not die out."""
        M = self._closed_loop(K)
        growth = np.max(self._growth(M))
        if not growth < 1:
            raise ValueError(
                f"K is unstable: √γ ρ(A − BK) = {growth:.4g}, and the cost is finite only below 1"
            )
        return M


def _discounted_sum(M: np.ndarray, W: np.ndarray, gamma: float) -> np.ndarray:
    """X = Σ_t γ^t (Mᵀ)^t W M^t, the solution of X = W + γ MᵀXM: n² linear equations. [..., n, n]."""
    n = M.shape[-1]
    product = np.einsum("...ki,...lj->...ijkl", M, M).reshape(*M.shape[:-2], n * n, n * n)
    W = np.broadcast_to(W, M.shape).reshape(*M.shape[:-2], n * n, 1)
    X = np.linalg.solve(np.eye(n * n) - gamma * product, W).reshape(M.shape)
    return (X + _transpose(X)) / 2  # symmetric to the last digit


def _transpose(M: np.ndarray) -> np.ndarray:
    return np.swapaxes(M, -1, -2)


def _matrix(values: np.ndarray, name: str) -> np.ndarray:
    """values as a float matrix that cannot be written through."""
    try:
        matrix = np.asarray(values, dtype=float).view()
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a matrix of numbers") from None
    if matrix.ndim != 2 or not np.isfinite(matrix).all() or matrix.size == 0:
        raise ValueError(f"{name} has shape {matrix.shape}; it must be a matrix of finite numbers")
    matrix.flags.writeable = False
    return matrix
