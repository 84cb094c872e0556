# ruff: noqa  (as students write)

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, cg


def right_textbook(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    rr = r @ r
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = rr / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        new = r @ r
        p = r + new / rr * p
        rr = new
    return x


def right_early_break_in_place(matvec, b, iterations):
    x, r = b * 0, b.copy()
    p = r.copy()
    rr = r.dot(r)
    for i in range(iterations):
        z = matvec(p)
        v = rr / (p.dot(z) + 1e-8)
        x += v * p
        r -= v * z
        new = r.dot(r)
        if new < 1e-10:
            break
        p *= new / rr
        p += r
        rr = new
    return x


def right_torch(matvec, b, iterations):
    x = torch.zeros_like(b)
    r, p = b.clone(), b.clone()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = torch.dot(r, r) / torch.dot(p, Ap)
        x += alpha * p
        r_new = r - alpha * Ap
        p = r_new + torch.dot(r_new, r_new) / torch.dot(r, r) * p
        r = r_new
    return x


def right_conjugate_by_a_orthogonality(matvec, b, iterations):
    x = np.zeros(len(b))
    directions = []
    for _ in range(iterations):
        r = b - matvec(x)
        if np.linalg.norm(r) < 1e-12:
            break
        p = r
        for q in directions:
            p = p - (q @ matvec(r)) / (q @ matvec(q)) * q
        directions.append(p)
        x = x + (p @ r) / (p @ matvec(p)) * p
    return x


def right_krylov_least_squares(matvec, b, iterations):
    K = [b / np.linalg.norm(b)]
    for _ in range(iterations - 1):
        w = matvec(K[-1])
        for k in K:
            w = w - (w @ k) * k
        K.append(w / np.linalg.norm(w))
    K = np.array(K).T
    AK = np.stack([matvec(k) for k in K.T], axis=1)
    return K @ np.linalg.solve(K.T @ AK, K.T @ b)


def right_scipy(matvec, b, iterations):
    A = LinearOperator((len(b), len(b)), matvec=matvec)
    return cg(A, b, rtol=0.0, atol=1e-10, maxiter=iterations)[0]


def right_float32_loops(matvec, b, iterations):
    b = b.astype(np.float32)
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = np.asarray(matvec(p), dtype=np.float32)
        alpha = np.sum(r * r) / np.sum(p * Ap)
        x = x + alpha * p
        r2 = r - alpha * Ap
        p = r2 + np.sum(r2 * r2) / np.sum(r * r) * p
        r = r2
    return list(x)


def wrong_no_beta__a(matvec, b, iterations):
    x, r = np.zeros_like(b), b.copy()
    for _ in range(iterations):
        Ar = matvec(r)
        alpha = r @ r / (r @ Ar)
        x, r = x + alpha * r, r - alpha * Ar
    return x


def wrong_aliasing__khrylx(matvec, b, iterations):
    x, r = np.zeros_like(b), b.copy()
    p = r
    rr = r @ r
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = rr / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        p = r + new / rr * p
        rr = new
    return x


def wrong_beta_inverted__a(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r2 = r - alpha * Ap
        p = r2 + (r @ r) / (r2 @ r2) * p
        r = r2
    return x


def wrong_beta_not_squared__a(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r2 = r - alpha * Ap
        p = r2 + np.linalg.norm(r2) / np.linalg.norm(r) * p
        r = r2
    return x


def wrong_residual_sign__a(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r2 = r + alpha * Ap
        p = r2 + (r2 @ r2) / (r @ r) * p
        r = r2
    return x


def wrong_ignores_iterations__a(matvec, b, iterations):
    return right_textbook(matvec, b, len(b))


def wrong_one_iteration_short__a(matvec, b, iterations):
    return right_textbook(matvec, b, iterations - 1)


def wrong_returns_residual__a(matvec, b, iterations):
    return b - matvec(right_textbook(matvec, b, iterations))


def wrong_alpha_inverted__a(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = (p @ Ap) / (r @ r)
        x = x + alpha * p
        r2 = r - alpha * Ap
        p = r2 + (r2 @ r2) / (r @ r) * p
        r = r2
    return x


def wrong_starts_at_b__a(matvec, b, iterations):
    x = b.copy()
    r = b - matvec(x)
    p = r.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r2 = r - alpha * Ap
        p = r2 + (r2 @ r2) / (r @ r) * p
        r = r2
    return x


def wrong_no_beta__direction_replaced(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        beta = r @ r
        p = r
    return x


def wrong_beta_is_one__ratio_of_the_same(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        p = r + (r @ r) / (r @ r) * p
    return x


def wrong_sign__a(matvec, b, iterations):
    return -right_textbook(matvec, b, iterations)


def right_python_floats(matvec, b, iterations):
    b = [float(v) for v in b]
    x, r, p = [0.0] * len(b), b[:], b[:]
    rs = sum(v * v for v in r)
    for _ in range(iterations):
        Ap = matvec(np.array(p))
        a = rs / sum(u * v for u, v in zip(p, Ap))
        x = [u + a * v for u, v in zip(x, p)]
        r = [u - a * v for u, v in zip(r, Ap)]
        new = sum(v * v for v in r)
        p = [u + new / rs * v for u, v in zip(r, p)]
        rs = new
    return x


def wrong_out_of_order__a(matvec, b, iterations):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        Ap = matvec(p)
        alpha = r @ r / (p @ Ap)
        r2 = r - alpha * Ap
        p = r2 + (r2 @ r2) / (r @ r) * p
        x, r = x + alpha * p, r2
    return x
