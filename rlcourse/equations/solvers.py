"""Solvers for the trust-region step: conjugate gradient, Fisher-vector products, line search.

Vectors are [..., P]: leading axes are independent problems (one per seed), solved side by side.
"""

from collections.abc import Callable, Sequence

import torch

from rlcourse.equations.arrays import Array, dot, where


def conjugate_gradient(
    matvec: Callable[[Array], Array], b: Array, iterations: int = 10, tolerance: float = 1e-10
) -> Array:
    """x ≈ A⁻¹ b for symmetric positive-definite A, by Krylov directions p with pᵢᵀ A pⱼ = 0.

    matvec: v [..., P] → A v [..., P]; b: [..., P], NumPy or torch. Returns x [..., P], starting from 0; exact
    after P iterations in exact arithmetic. Stops a problem once ‖r‖² ≤ tolerance · ‖b‖² (relative), or where
    pᵀAp ≤ 0 (A is not positive definite along p: the last good x is kept). Source: Nocedal & Wright 2006,
    algorithm 5.2.
    """
    x, r, p = 0.0 * b, b + 0.0, b + 0.0  # copies: r and p must not share memory
    squared = dot(r, r)
    limit = tolerance * squared
    for _ in range(iterations):
        going_on = squared > limit
        if not going_on.any():
            break
        Ap = matvec(p)
        curvature = dot(p, Ap)
        going_on = going_on & (curvature > 0)
        alpha = where(going_on, squared / where(going_on, curvature, 1.0), 0.0)
        x, r = x + alpha * p, r - alpha * Ap
        new_squared = dot(r, r)
        beta = where(going_on, new_squared / where(going_on, squared, 1.0), 0.0)
        p = where(going_on, r + beta * p, 0.0)
        squared = where(going_on, new_squared, 0.0)
    return x


def flat_gradient(
    scalar: torch.Tensor, parameters: Sequence[torch.Tensor], create_graph: bool = False
) -> torch.Tensor:
    """∇_θ of a scalar, one vector per seed: each parameter's gradient [S, ...], flattened, joined to [S, P].

    The scalar is a sum over seeds, so row s is the gradient of seed s alone. create_graph: keep the graph, so
    that the result can be differentiated again.
    """
    gradients = torch.autograd.grad(scalar, parameters, create_graph=create_graph)
    return torch.cat([g.flatten(1) for g in gradients], dim=1)


def fisher_vector_product(
    kl: torch.Tensor, parameters: Sequence[torch.Tensor], damping: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """v ↦ (F + damping · I) v,  F = ∇²_θ KL(π_old ‖ π_θ) at θ = θ_old.

    The gradient is differentiated once more along v, so F is never formed. kl: a scalar (summed over seeds)
    that still has its graph, with π_old detached: its value and gradient are zero there, its Hessian is the
    Fisher matrix. parameters: tensors [S, ...]. Returns a function [S, P] → [S, P]; the graph is built once.
    Source: Schulman et al. 2015, appendix C.1, its generic way.
    """
    gradient = flat_gradient(kl, parameters, create_graph=True)

    def product(v):
        slices = torch.autograd.grad(gradient, parameters, grad_outputs=v, retain_graph=True)
        return torch.cat([s.flatten(1) for s in slices], dim=1) + damping * v

    return product


def step_length(s: Array, Fs: Array, max_kl: float) -> Array:
    """α = √(2δ / sᵀFs): the α with ½ (αs)ᵀF(αs) = δ, the longest step along s that the quadratic KL allows.

    s, Fs: [..., P]; δ in nats. Returns [..., 1]. For s = F⁻¹g it is √(2δ / gᵀF⁻¹g), whatever the length of s.
    Where sᵀFs is 0, or negative by rounding, it is finite. Source: Schulman et al. 2015, appendix C.
    """
    curvature = dot(s, Fs)
    return (2 * max_kl / where(curvature > 1e-20, curvature, 1e-20)) ** 0.5


def line_search(
    evaluate: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    start: torch.Tensor,
    step: torch.Tensor,
    max_kl: float,
    backtracks: int = 10,
    shrink: float = 0.8,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The first θ_old + shrinkʲ · step, j = 0, 1, … backtracks − 1, with gain > 0 and KL ≤ max_kl.

    Where there is none, θ_old itself comes back, bit for bit. evaluate: θ [S, P] → (gain over θ_old [S], mean
    KL from θ_old [S], in nats). start, step: [S, P]. Returns (θ [S, P], accepted fraction of the full step
    [S], 0 where none was). A gain or KL that is not finite is never accepted. Source: Schulman et al. 2015,
    appendix C.
    """
    best, fraction = start.clone(), torch.zeros(start.shape[0], dtype=start.dtype)
    for j in range(backtracks):
        # Seeds that are done keep their place; the others try the next, shorter step.
        candidate = torch.where(fraction[:, None] > 0, best, start + shrink**j * step)
        gain, kl = evaluate(candidate)
        accepted = (fraction == 0) & (gain > 0) & torch.isfinite(gain) & (kl <= max_kl)
        best = torch.where(accepted[:, None], candidate, best)
        fraction = torch.where(accepted, torch.full_like(fraction, shrink**j), fraction)
        if (fraction > 0).all():
            break
    return best, fraction


def full_step(
    evaluate: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    start: torch.Tensor,
    step: torch.Tensor,
    max_kl: float,
    backtracks: int = 10,
    shrink: float = 0.8,
) -> tuple[torch.Tensor, torch.Tensor]:
    """θ_old + step, whatever comes of it: the natural gradient's step where no line search checks it.

    Takes and returns what `line_search` does; evaluate, max_kl, backtracks and shrink are not used.
    """
    return start + step, torch.ones(start.shape[0], dtype=start.dtype)


def armijo_search(
    evaluate: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    start: torch.Tensor,
    step: torch.Tensor,
    max_kl: float,
    backtracks: int = 10,
    shrink: float = 0.5,
    accept: float = 0.1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The first θ_old + shrinkʲ · step with gain > accept · shrinkʲ · slope and gain > 0, whatever its KL.

    slope is the gain per unit of `step` at θ_old, ∇L · step, here by a step of a hundredth. Takes and returns
    what `line_search` does. Source: Nocedal & Wright 2006, algorithm 3.1; so do many programs search that are
    called TRPO.
    """
    slope = evaluate(start + 0.01 * step)[0] / 0.01

    def judged(theta):
        gain, _ = evaluate(theta)
        share = (theta - start).norm(dim=1) / step.norm(dim=1).clamp(min=1e-20)
        enough = gain > accept * share * slope
        return torch.where(enough, gain, -1.0), torch.zeros_like(gain)

    return line_search(judged, start, step, max_kl, backtracks, shrink)


def unguarded_conjugate_gradient(
    matvec: Callable[[torch.Tensor], torch.Tensor], b: torch.Tensor, iterations: int = 10
) -> torch.Tensor:
    """x ≈ A⁻¹b by conjugate gradient with an absolute tolerance, ‖r‖² < 1e-10, and no look at pᵀAp ≤ 0.

    Takes and returns what `conjugate_gradient` does. A seed whose residual is below the tolerance stops.
    """
    x, r, p = 0.0 * b, b + 0.0, b + 0.0
    squared = dot(r, r)
    for _ in range(iterations):
        going_on = squared > 1e-10
        Ap = matvec(p)
        alpha = where(going_on, squared / dot(p, Ap), 0.0)
        x, r = x + alpha * p, r - alpha * Ap
        new_squared = where(going_on, dot(r, r), squared)
        p = where(going_on, r + new_squared / squared.clamp(min=1e-38) * p, p)
        squared = new_squared
    return x
