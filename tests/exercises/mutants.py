"""Automatic mutants of the answers in the homework: operators, constants, dropped lines. Which survive?

    python3 tests/exercises/mutants.py

A survivor is either as right as the answer (EQUIVALENT says why) or a case that the inputs lack.
"""

import ast
import contextlib
import copy
import io
import itertools
import math
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from rlcourse.grading import check
from rlcourse.grading.release import SOURCES, answers, instructor

SOURCES_OF_ANSWERS = sorted(SOURCES.glob("homework-*.py"))

OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.MatMult: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.And: (ast.Or,),
}
NAMES = {"minimum": "maximum", "min": "max", "max": "min", "sum": "mean", "mean": "sum", "reversed": "list"}

SYMMETRIC = "min and max do not mind the order of their arguments."
CLIP = "np.clip(−c, x, c) is min(max(−c, x), c): the same."
ONE_AXIS = "The last axis is axis 1."
ROUNDING = "A tolerance for rounding, wider, narrower or none: the step reaches the edge exactly."
GUARD = "The guard against 0/0 at r = 0 costs no points: `check` remarks on it."
TRY_ON = "Where none of ten trials holds, the inputs have none later: to try on is no mistake."
NEVER_ZERO = "A gain of exactly 0 is not drawn."
RULE = "Another threshold, or another moment of the curves, that names every fault as well."
RULES = dict.fromkeys(  # exercises whose answer is a choice, made here by a rule
    ("a2c_faults", "ppo_faults", "td3_faults", "td_faults", "trpo_faults"), RULE
)
SHIFT = "Whatever is subtracted cancels, and in float64 the exponentials of the inputs stay finite."
TENSORS = "`check` hands tensors over to an answer that needs them."
EDGE = "No advantage is 0 and no ratio lies on an edge, as the statement says."
TINY = "A number far below what float64 keeps beside the standard deviation: the quotient is the same."
NO_WEIGHT = "The logarithm of a weight of 0 is −∞, or so low that its exponential is 0: both are right."
EQUIVALENT = {  # (exercise, mutated line): why it is as right as the answer
    ("bellman_backup", "return (policy * (R + gamma * P @ V)).sum(axis=-1)"): ONE_AXIS,
    (
        "policy_values",
        "return np.linalg.solve(np.eye(len(R)) - gamma * chain, (policy * R).sum(axis=-1))",
    ): ONE_AXIS,
    ("value_iteration", "V = (R + gamma * P @ V).max(axis=-1)"): ONE_AXIS,
    ("greedy_actions", "return (R + gamma * P @ V).argmax(axis=-1)"): ONE_AXIS,
    (
        "coarse_code",
        "return np.where(1.0, np.abs(x[:, None] - centres) <= width / 2, 0.0)",
    ): "Where 1 is true everywhere, the truth values themselves come back; they count as 0 and 1.",
    (
        "cloning_cost",
        "return sum((1 - (1 - epsilon) ** t for t in range(0, horizon + 1)))",
    ): "The term of t = 0 is 1 − (1 − ε)⁰ = 0.",
    ("cloning_loss", "pass"): TENSORS,
    (
        "cloning_loss",
        "return -torch.log_softmax(logits, dim=-1)[torch.arange(len(actions)), actions].mean()",
    ): ONE_AXIS,
    ("mixture_log_likelihood", "largest = logs.max(axis=-1, keepdims=True)"): ONE_AXIS,
    (
        "mixture_log_likelihood",
        "return largest[:, 0] + np.log(np.exp(logs - largest).sum(axis=-1))",
    ): ONE_AXIS,
    **{
        (
            "mixture_log_likelihood",
            f"logs = -z ** 2 / 2 - log_stds - math.log(2 * math.pi) / 2 + np.log(np.maximum({least}))",
        ): NO_WEIGHT if "1e-300, " not in least else SYMMETRIC
        for least in ("1e-300, weights", "weights, 0", "weights, -1e-300", "weights, 2e-300")
    },
    ("gaussian_kl", "return (np.log(other_std / std) + spread - 0.5).sum(axis=-1)"): ONE_AXIS,
    ("clipped_objective", "pass"): TENSORS,
    (
        "clipped_objective",
        "return torch.minimum(ratio.clamp(1 - clip, 1 + clip) * advantage, ratio * advantage)",
    ): SYMMETRIC,
    ("clip_stops_gradient", "good = (advantage >= 0) & (ratio > 1 + clip)"): EDGE,
    ("clip_stops_gradient", "good = (advantage > 0) & (ratio >= 1 + clip)"): EDGE,
    ("clip_stops_gradient", "bad = (advantage <= 0) & (ratio < 1 - clip)"): EDGE,
    ("clip_stops_gradient", "bad = (advantage < 0) & (ratio <= 1 - clip)"): EDGE,
    ("normalise", "return centred / ((centred ** 2).mean() ** 0.5 - 1e-08)"): TINY,
    ("normalise", "return centred / ((centred ** 2).mean() ** 0.5 + 2e-08)"): TINY,
    ("normalise", "return centred / ((centred ** 2).mean() ** 0.5 + -1e-08)"): TINY,
    (
        "ppo_update",
        "if (x.exp() - 1 - x).mean() >= settings.stop_kl:",
    ): "A divergence of exactly the bound is not drawn.",
    ("softmax_score", "weights = np.exp(logits + np.max(logits))"): SHIFT,
    ("softmax_score", "weights = np.exp(logits - np.min(logits))"): SHIFT,
    ("optimal_baseline", "weights = (scores ** 2).mean(1)"): "Weights all P times as large weigh the same.",
    ("optimal_baseline", "weights = (scores ** 2).sum(-1)"): ONE_AXIS,
    ("trajectory_weights", "return (target_probs / behaviour_probs).prod(axis=-1)"): ONE_AXIS,
    ("per_decision_estimate", "rho = (target_probs / behaviour_probs).cumprod(axis=-1)"): ONE_AXIS,
    ("per_decision_estimate", "discount = gamma ** np.arange(rewards.shape[-1])"): ONE_AXIS,
    ("per_decision_estimate", "return (discount * rho * rewards).sum(axis=-1).mean()"): ONE_AXIS,
    (
        "vtrace_targets",
        "delta = np.minimum(rho_bar, ratio) * (reward + gamma * goes_on * next_value - value)",
    ): SYMMETRIC,
    ("vtrace_targets", "linked = gamma * np.minimum(c_bar, ratio) * goes_on"): SYMMETRIC,
    ("a2c_update", "log_policy = torch.log_softmax(nets.policy(batch.obs), dim=-1)"): ONE_AXIS,
    ("a2c_update", "log_prob = log_policy.gather(-1, batch.action[:, None])[:, 0]"): ONE_AXIS,
    ("a2c_update", "entropy = -(log_policy.exp() * log_policy).sum(-1)"): ONE_AXIS,
    ("td3_target", "return reward + gamma * (1 - terminated) * np.minimum(next_q2, next_q1)"): SYMMETRIC,
    ("smoothed_action", "epsilon = np.clip(-clip, sigma * xi, clip)"): CLIP,
    ("smoothed_action", "return np.clip(-1, next_action + epsilon, 1)"): CLIP,
    (
        "critic_bias",
        "for value, reward in zip(list(q), reversed(rewards), strict=True):",
    ): "The mean of q − G is mean q − mean G: their order does not matter.",
    ("performance_difference", "gain = (new * advantages(P, R, gamma, old)).sum(axis=-1)"): ONE_AXIS,
    ("surrogate", "gain = (new * advantages(P, R, gamma, old)).sum(axis=-1)"): ONE_AXIS,
    (
        "trust_region_step",
        "return x - radius if slope >= 0 else x + radius",
    ): "With slope 0 on a hill both ends are minimisers.",
    ("trust_region_step", "return x + np.clip(-radius, -slope / curvature, radius)"): CLIP,
    ("next_radius", "if rho > 3 / 4 and step_length > radius * (1 - 1e-09):"): ROUNDING,
    ("next_radius", "if rho > 3 / 4 and step_length >= radius * (1 - 0):"): ROUNDING,
    ("next_radius", "if rho > 3 / 4 and step_length >= radius * (1 - 2e-09):"): ROUNDING,
    ("next_radius", "return min(max_radius, 2 * radius)"): SYMMETRIC,
    ("conjugate_gradient", "pass"): GUARD,
    ("conjugate_gradient", "if squared <= 1e-20:"): ROUNDING,
    ("conjugate_gradient", "if squared < 2e-20:"): ROUNDING,
    ("conjugate_gradient", "if squared < -1e-20:"): GUARD,
    ("conjugate_gradient", "if squared < 0:"): GUARD,
    (
        "td3_update",
        "y = batch.reward + settings.gamma * (1 - batch.terminated) * torch.minimum(second, first)",
    ): SYMMETRIC,
    ("trpo_update", "for trial in range(11):"): TRY_ON,
    ("trpo_update", "for trial in range(20):"): TRY_ON,
    ("trpo_update", "if gain >= 0 and kl <= max_kl:"): NEVER_ZERO,
    ("trpo_update", "new = torch.log_softmax(policy(obs), dim=-1)"): ONE_AXIS,
    ("trpo_update", "old = torch.log_softmax(policy(obs), dim=-1).detach()"): ONE_AXIS,
    ("trpo_update", "ratio = (new - old).gather(-1, action[:, None])[:, 0].exp()"): ONE_AXIS,
    (
        "trpo_update",
        "return (((ratio - 1) * advantage).mean(), (old.exp() * (old - new)).sum(-1).mean())",
    ): ONE_AXIS,
    (
        "trpo_update",
        "return (((ratio - 1) * advantage).sum(), (old.exp() * (old - new)).sum(1).mean())",
    ): "The step has the length that δ gives it, and a sum has the sign of the mean.",
}


def reason(survivor):
    """Why a survivor is as right as the answer, or None: then the inputs lack a case."""
    name, what, line = survivor
    if name in RULES and what in ("comparison", "constant", "minus", "name", "operator"):
        return RULES[name]
    return EQUIVALENT.get((name, line))


def mutants(source):
    """(description, source) of every answer that differs from `source` in one place."""
    tree = without_dead_code(ast.parse(source))
    for index, node in enumerate(ast.walk(tree)):
        for describe, change in changes(node):
            mutant = copy.deepcopy(tree)
            change(next(itertools.islice(ast.walk(mutant), index, None)))
            text = ast.unparse(ast.fix_missing_locations(mutant))
            yield describe, text


def without_dead_code(tree):
    """The planted bug of `critic_loss` stays in the notebook below the answer's return."""
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        ends = [i for i, statement in enumerate(function.body) if isinstance(statement, ast.Return)]
        function.body = function.body[: ends[0] + 1] if ends else function.body
    return tree


def changes(node):
    """(description, function that changes a node of the same place in a copy)."""
    if isinstance(node, ast.BinOp):
        for new in OPERATORS.get(type(node.op), ()):
            yield "operator", lambda n, new=new: setattr(n, "op", new())
    if isinstance(node, ast.AugAssign):
        for new in OPERATORS.get(type(node.op), ()):
            yield "operator", lambda n, new=new: setattr(n, "op", new())
    if isinstance(node, ast.Compare):
        for new in OPERATORS.get(type(node.ops[0]), ()):
            yield "comparison", lambda n, new=new: setattr(n, "ops", [new()])
    if isinstance(node, ast.BoolOp):
        for new in OPERATORS.get(type(node.op), ()):
            yield "and/or", lambda n, new=new: setattr(n, "op", new())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value is not True:
        for value in {node.value + 1, node.value * 2, -node.value, 0} - {node.value}:
            yield "constant", lambda n, value=value: setattr(n, "value", value)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield "name", lambda n: setattr(n, "attr", NAMES[n.attr])
    if isinstance(node, ast.Name) and node.id in NAMES:
        yield "name", lambda n: setattr(n, "id", NAMES[n.id])
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", lambda n: setattr(n, "attr", "real")
    for block in ("body", "orelse"):
        statements = getattr(node, block, None)
        if isinstance(statements, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
            for i, statement in enumerate(statements):
                if isinstance(statement, ast.FunctionDef):
                    continue
                yield f"dropped {ast.unparse(statement).splitlines()[0]!r}", drop(block, i)
    if isinstance(node, ast.Call) and len(node.args) >= 2:
        yield "swapped arguments", swap


def drop(block, i):
    def change(node):
        getattr(node, block)[i] = ast.Pass()

    return change


def swap(node):
    node.args[0], node.args[1] = node.args[1], node.args[0]


def too_long(signum, frame):
    raise TimeoutError("a mutant that does not end")


def killed(name, source, given, seeds=(0, 1, 2)):
    """Does `check` reject the mutant on some seed?"""
    namespace = {"np": np, "torch": torch, "math": math, "itertools": itertools}
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(10)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            for text in given:
                exec(text, namespace)
            exec(source, namespace)
            return not all(check(name, namespace[name], seed).passed for seed in seeds)
    except Exception:
        return True
    finally:
        signal.alarm(0)


def changed_line(source, mutant):
    """The lines of the mutant that the answer does not have."""
    lines = set(ast.unparse(ast.parse(source)).splitlines())
    return " / ".join(line.strip() for line in mutant.splitlines() if line not in lines)


def survivors(paths=None):
    """(number of mutants, [(exercise, what, changed line)])."""
    total, alive = 0, []
    for path in SOURCES_OF_ANSWERS if paths is None else paths:
        given, solutions = answers(instructor(Path(path)))
        for name, source in solutions.items():
            function = ast.unparse(without_dead_code(ast.parse(source)))
            context = [*given, *[s for n, s in solutions.items() if n != name]]
            for what, mutant in mutants(source):
                if mutant == function:
                    continue
                total += 1
                if not killed(name, mutant, context):
                    alive.append((name, what, changed_line(source, mutant)))
    return total, alive


def main():
    total, alive = survivors()
    unexplained = [survivor for survivor in alive if not reason(survivor)]
    print(
        f"{total} mutants, {total - len(alive)} killed, {len(alive)} survive, {len(unexplained)} unexplained"
    )
    for name, what, line in alive:
        print(f"- `{name}`, {what}: `{line}`. {reason((name, what, line)) or 'UNEXPLAINED'}")
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
