"""Automatic mutants of the trainers: which of them do the nearest tests not notice?

    OMP_NUM_THREADS=1 python3 tests/training/mutants.py                      # all of them: hours
    OMP_NUM_THREADS=1 python3 tests/training/mutants.py rlcourse/algorithms/ppo.py
    OMP_NUM_THREADS=1 python3 tests/training/mutants.py rlcourse/agents/samples.py --sample 40   # seed 0
    OMP_NUM_THREADS=1 python3 tests/training/mutants.py rlcourse/algorithms/ppo.py --line "self.anneal"
    OMP_NUM_THREADS=1 python3 tests/training/mutants.py rlcourse/algorithms/ppo.py --first 67   # go on there

Operators, comparisons, constants, conditions, dropped statements and calls, swapped arguments: one place at a
time. Each runs the test files beside the mutated one in a forked process, until one fails; a mutant that
takes ten times as long as the original is killed, too. What survives is as right as the original, and
EQUIVALENT says why, or a case that the tests lack; `mutants.md` has the numbers. Not mutated: the defaults of
fields, which are choices and no claims; annotations; docstrings; the text of errors.
"""

import argparse
import ast
import contextlib
import copy
import importlib.machinery
import itertools
import os
import random
import re
import resource
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

NEAREST = {  # {file of the package: the tests that are to notice}
    "algorithms/ppo.py": "algorithms/test_ppo.py",
    "algorithms/trpo.py": "algorithms/test_trpo.py",
    "algorithms/ddpg.py": "algorithms/test_ddpg.py algorithms/test_ddpg_td3.py",
    "algorithms/td3.py": "algorithms/test_td3.py algorithms/test_ddpg_td3.py",
    "agents/samples.py": "agents/test_samples.py agents/test_on_policy.py algorithms/test_ppo.py "
    "algorithms/test_trpo.py",
    "agents/on_policy.py": "agents/test_on_policy.py agents/test_policy.py",
    "agents/off_policy.py": "agents/test_off_policy.py",
    "parts/memory.py": "parts/test_memory.py",
    "parts/adam.py": "parts/test_adam.py algorithms/test_ppo.py",
    "parts/moments.py": "parts/test_moments.py",
    "equations/returns.py": "equations/test_returns.py",
    "equations/objectives.py": "equations/test_objectives.py",
    "equations/solvers.py": "equations/test_solvers.py",
    "training/loop.py": "training/test_training.py training/test_options.py",
    "training/evaluation.py": "training/test_options.py training/test_environments_in_training.py "
    "training/test_training.py",
    "training/state.py": "training/test_options.py training/test_training.py",
}  # fmt: skip

CALLS = {"detach", "clone", "copy", "contiguous", "clamp", "clip"}  # x.detach() -> x
TWINS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def mutants(source):
    """(what, changed line, source) of every file that differs from `source` in one place."""
    tree, original = ast.parse(source), ast.unparse(ast.parse(source)).splitlines()
    skipped = set(_not_code(tree))
    for index, node in enumerate(ast.walk(tree)):
        if node in skipped:
            continue
        for what, change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(next(itertools.islice(ast.walk(mutant), index, None)))
            text = ast.unparse(ast.fix_missing_locations(mutant))
            lines = text.splitlines()
            if lines != original:
                yield what, _difference(original, lines), text


def _difference(before, after):
    """The first line that differs; where one is dropped, that line."""
    pairs = itertools.zip_longest(before, after, fillvalue="")
    old, new = next((a.strip(), b.strip()) for a, b in pairs if a != b)
    return f"{old}  →  {new}" if len(before) == len(after) else f"without {old}"


def _not_code(tree):
    """Annotations, defaults of fields, and what is raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = [statement for statement in node.body if isinstance(statement, ast.AnnAssign)]
            skipped = [*fields, *node.decorator_list]
        elif isinstance(node, ast.FunctionDef):
            skipped = [node.args, *node.decorator_list, *([node.returns] if node.returns else [])]
        elif isinstance(node, ast.Raise):
            skipped = [node]
        else:
            continue
        for root in skipped:
            yield from ast.walk(root)


def _changes(node):
    from tests.exercises.mutants import changes

    said = _docstring(node)
    for what, change in changes(node):
        if said is None or what != f"dropped {said!r}":
            yield what, change
    if isinstance(node, ast.Constant) and node.value is True:
        yield "constant", lambda n: setattr(n, "value", False)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in (ast.LtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot):
        yield "comparison", lambda n: setattr(n, "ops", [TWINS[type(n.ops[0])]()])
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "always", lambda n: setattr(n, "test", ast.Constant(True))
        if not isinstance(node, ast.While):
            yield "never", lambda n: setattr(n, "test", ast.Constant(False))
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST) and _can_be_left_out(value):
            yield "left out", lambda n, name=name: setattr(n, name, getattr(n, name).func.value)
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not | ast.Invert):
            yield "not", lambda n, name=name: setattr(n, name, getattr(n, name).operand)


def _docstring(node):
    """What `changes` would call the docstring's statement; None where there is none."""
    has = isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None
    return ast.unparse(node.body[0]).splitlines()[0] if has else None


def _can_be_left_out(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS


def survives(module, text, tests, fuse):
    """Do the tests pass with this text in the place of the module? In a process of its own."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (fuse, fuse + 5))
            os._exit(_tested(module, text, tests))
        os._exit(99)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(20 * fuse)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    return status == 0


def _tested(module, text, tests):
    import pytest

    if not os.environ.get("LOUD"):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
    for name in [name for name in sys.modules if name.split(".")[0] in ("rlcourse", "tests")]:
        del sys.modules[name]
    code_of = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader, name):
        return compile(text, loader.path, "exec") if name == module else code_of(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code
    return pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *tests])


def examined(file, sample=None, line_with="", first=1):
    """(what, changed line) of the file's mutants, and whether each survives; of a random sample, or some."""
    source, tests = (ROOT / "rlcourse" / file).read_text(), [f"tests/{t}" for t in NEAREST[file].split()]
    module = "rlcourse." + file.removesuffix(".py").replace("/", ".")
    before = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if not survives(module, source, tests, 600):
        raise SystemExit(f"{file}: the tests fail without any mutation")
    took = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    chosen = [mutant for mutant in list(mutants(source))[first - 1 :] if line_with in mutant[1]]
    if sample is not None and sample < len(chosen):
        chosen = [chosen[i] for i in sorted(random.Random(0).sample(range(len(chosen)), sample))]
    for what, line, text in chosen:
        yield what, line, survives(module, text, tests, int(10 * took) + 5)


IDLE = "Where no seed is active, the epochs that are left change nothing: the break saves their time."
AT_LEAST_ONE = "A share in (0, 1] has round(1 / share) ≥ 1 already: the guard is for who changes the range."
STOP = "active = active & (kl.detach().mean(-1) <= self.stop_kl)"
OUTSIDE = "clipped += active * ((ratio - 1).abs() > self.clip).float().mean(-1)"
MEASURED = "return (gain - old_gain.detach(), kl.mean(-1) if self.constraint == 'mean' else kl.amax(-1))"
EVERY = "every = max(1, round(1 / self.fisher_fraction))"
LAST = "The axis that is averaged is the last of two, [S, M]: 1 and −1 are one and the same."
TIED = "max does not mind the order of its arguments."
SAME = "The shapes were compared above: all of them are as long as the first."
ZERO = "Both are 0 for every finite number; only the shape and the kind of the array are wanted."
BEGUN = "The first step begins an episode by itself, and the callers ask only whether the mark is not 0."
STARTED = "The first step begins an episode, which makes it 1 whatever it was."
FLOOR = "What is added keeps a constant from 0 / 0; beside any other deviation it is lost in rounding."
CONSTANT = "return centred / (centred.pow(2).mean(-1, keepdim=True).sqrt() + 1e-08)"
STARTS = "return concatenate(1.0 + 0.0 * over[:1], over[:-1])"
SHUFFLED = "return zip(*(x[order].split(size, dim=1) for x in tensors), strict=True)"
FACTOR = "factor, steps = (1.0 + 0.0 * reward[0], [])"
DECAY = "decay = (decay + 0.0 * delta) * going_on"
AGAIN = "factor = where(start != 0, 1.0 + 0.0 * factor, factor)"
BACKWARDS = "for r, alive in zip(flip(reward), flip(done == 0), strict=True):"
EACH = "for g, over in zip(discounted_returns(reward, done, gamma), _starts(done), strict=True):"
SUMMED = "for d, factor in zip(flip(delta), flip(decay), strict=True):"
TWINS_OF = "return twin_target(reward, terminated, next_values[..., 0, :], next_values[..., 1, :], gamma)"
WORSE = "return 0.5 * _mean(torch.maximum((value - target) ** 2, (near - target) ** 2), dim)"
AXIS = re.compile(r"(?<=[(=])(--1|[+-]?1)(?=\))")
LEVEL = "level = storing.all() and filled[0] == filled[-1] and (filled == filled[0]).all()"
QUICKER = (
    "Level columns are only written more quickly as a row; what lies before `all` only asks it less often."
)
NOTHING_SEEN = "Moments that have seen nothing change nothing, and only what is asked for is ever seen."
MIRRORED = "The running return with the other sign has the same deviation."
ALIKE = (
    "transpose does not mind the order of its axes; NumPy takes any negative length for the one left over."
)
SCALE = "scaled = rollout.reward / (self.return_moments.var.view(1, -1, 1) + 1e-08).sqrt().float()"
SEEN = "return self.moments.normalise(torch.from_numpy(x)).numpy() if algorithm.normalise_observation else x"
ROW = "at = filled[0] if level else (filled[storing], columns[storing])"
WRITTEN = "store[at] = value if level else value[storing]"
SPREAD = "for reward, over in zip(rollout.reward.flatten(1).numpy(), done, strict=True):"
UNMIXED = "return self.moments.normalise(rows(x)).view(S, T, N, O).transpose(0, 1)"
FLAT = "x = obs.reshape(self.seeds, -1, self.spaces.obs_size)"
RETURN = "running = algorithm.gamma * running + reward"
NARROWER = "return minimum(ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage)"
EQUIVALENT = {  # (file, changed line): why it is as right as the original
    ("algorithms/ppo.py", "without if not active.any():"): IDLE,
    ("algorithms/ppo.py", "if not active.any():  →  if False:"): IDLE,
    ("algorithms/ppo.py", "break  →  pass"): IDLE,
    (
        "algorithms/ppo.py",
        "if self.objective != 'clip' or self.stop_kl is not None:  →  if True:",
    ): "A divergence that nobody asks for costs time, and enters no loss.",
    (
        "algorithms/ppo.py",
        f"{STOP}  →  {STOP.replace('.detach()', '')}",
    ): "What is compared gives a yes or no, and has no graph in any case.",
    (
        "algorithms/ppo.py",
        f"{OUTSIDE}  →  {OUTSIDE.replace('>', '>=')}",
    ): "A ratio of exactly 1 ± ε has probability 0.",
    ("algorithms/ppo.py", "if self.entropy_bonus:  →  if True:"): "0 · H = 0 for every finite entropy.",
    (
        "algorithms/trpo.py",
        f"{EVERY}  →  every = max(round(1 / self.fisher_fraction), 1)",
    ): TIED,
    (
        "algorithms/trpo.py",
        "full_step = step_length(s, Fs, self.max_kl) * s  →  full_step = step_length(Fs, s, self.max_kl) * s",
    ): "sᵀ(Fs) = (Fs)ᵀs: the length does not mind the order.",
    (
        "algorithms/trpo.py",
        f"{MEASURED}  →  {MEASURED.replace('.detach()', '')}",
    ): "move_to is under no_grad: its numbers have no graph in any case.",
    (
        "equations/objectives.py",
        f"{WORSE}  →  return 0.5 * _mean(torch.maximum((near - target) ** 2, (value - target) ** 2), dim)",
    ): TIED,
    (
        "equations/returns.py",
        "factor, steps = (1.0 + 0.0 * reward[0], [])  →  factor, steps = (1.0 - 0.0 * reward[0], [])",
    ): ZERO,
    **{
        ("equations/returns.py", f"{line}  →  {line.replace(part, other)}"): why
        for why, line, part, others in (
            (ZERO, STARTS, "1.0 + 0.0 *", ("1.0 - 0.0 *",)),
            (ZERO, DECAY, "decay + 0.0", ("decay - 0.0",)),
            (ZERO, AGAIN, "1.0 + 0.0", ("1.0 - 0.0",)),
            (SAME, BACKWARDS, "True", ("False",)),
            (SAME, EACH, "True", ("False",)),
            (SAME, SUMMED, "True", ("False",)),
            (STARTED, FACTOR, "1.0 + 0.0 *", ("0 + 0.0 *", "2.0 + 0.0 *", "-1.0 + 0.0 *")),
            (STARTED, FACTOR, "0.0 * reward[0]", ("(0.0 + reward[0])",)),
            (BEGUN, STARTS, "1.0 + 0.0 *", ("-1.0 + 0.0 *", "1.0 + 0.0 /", "1.0 + 1.0 *")),
            (BEGUN, STARTS, "0.0 * over[:1]", ("(0.0 + over[:1])",)),
            ("There are two critics: 1 and −1 are one.", TWINS_OF, "1, :], gamma", ("-1, :], gamma",)),
        )
        for other in others
    },
    ("equations/returns.py", "over = 1.0 * (done != 0)  →  over = -1.0 * (done != 0)"): BEGUN,
    ("equations/returns.py", f"{STARTS}  →  {STARTS.replace('1.0 +', '0 +')}"): BEGUN,
    ("equations/returns.py", f"{STARTS}  →  {STARTS.replace('1.0 +', '2.0 +')}"): BEGUN,
    (
        "equations/returns.py",
        "for step, alive in zip(log_rho, done == 0, strict=True):  →  "
        "for step, alive in zip(log_rho, done == 0, strict=False):",
    ): SAME,
    (
        "equations/returns.py",
        "for phi, alive in zip(features, done == 0, strict=True):  →  "
        "for phi, alive in zip(features, done == 0, strict=False):",
    ): SAME,
    ("agents/on_policy.py", "if algorithm.normalise_observation:  →  if True:"): NOTHING_SEEN,
    (
        "agents/on_policy.py",
        f"{SEEN}  →  {SEEN.replace('algorithm.normalise_observation', 'True')}",
    ): NOTHING_SEEN,
    ("agents/on_policy.py", f"{ROW}  →  {ROW.replace('if level', 'if False')}"): QUICKER,
    ("agents/on_policy.py", f"{WRITTEN}  →  {WRITTEN.replace('if level', 'if False')}"): QUICKER,
    (
        "agents/on_policy.py",
        f"{LEVEL}  →  {LEVEL.replace('[0] == filled[-1]', '[0] != filled[-1]')}",
    ): QUICKER,
    ("agents/on_policy.py", f"{LEVEL}  →  {LEVEL.replace('[-1]', '[-0]')}"): QUICKER,
    ("agents/on_policy.py", f"{LEVEL}  →  {LEVEL.replace('(filled ==', '(filled !=')}"): QUICKER,
    ("agents/on_policy.py", f"{RETURN}  →  {RETURN.replace('+', '-')}"): MIRRORED,
    ("agents/on_policy.py", f"{SPREAD}  →  {SPREAD.replace('True', 'False')}"): SAME,
    ("agents/on_policy.py", f"{UNMIXED}  →  {UNMIXED.replace('transpose(0, 1)', 'transpose(1, 0)')}"): ALIKE,
    ("agents/on_policy.py", f"{FLAT}  →  {FLAT.replace('-1', '-2')}"): ALIKE,
    ("agents/on_policy.py", f"{SCALE}  →  {SCALE.replace('1e-08', '2e-08')}"): FLOOR,
    (
        "equations/objectives.py",
        f"{NARROWER}  →  return minimum(ratio.clip(1 - clip, 1 + clip) * advantage, ratio * advantage)",
    ): TIED,
    (
        "equations/objectives.py",
        "return x.mean() if dim is None else x.mean(dim)  →  return x.mean() if False else x.mean(dim)",
    ): "PyTorch's mean over dim=None is the mean of all.",
    ("agents/samples.py", f"{SHUFFLED}  →  {SHUFFLED.replace('True', 'False')}"): SAME,
    (
        "agents/samples.py",
        "centred = x - x.mean(-1, keepdim=True)  →  centred = x - x.mean(+1, keepdim=True)",
    ): LAST,
    (
        "agents/samples.py",
        "return -policy(obs).log_prob(action).mean(-1)  →  return -policy(obs).log_prob(action).mean(+1)",
    ): LAST,
    ("agents/samples.py", "S, M = tensors[0].shape[:2]  →  S, M = tensors[1].shape[:2]"): SAME,
    ("agents/samples.py", f"{CONSTANT}  →  {CONSTANT.replace('1e-08', '2e-08')}"): FLOOR,
    ("agents/samples.py", f"{CONSTANT}  →  {CONSTANT.replace('1e-08', '-1e-08')}"): FLOOR,
    ("agents/samples.py", f"{CONSTANT}  →  {CONSTANT.replace('+ 1e-08', '- 1e-08')}"): FLOOR,
    ("agents/samples.py", f"{CONSTANT}  →  {CONSTANT.replace('mean(-1', 'mean(+1')}"): LAST,
    ("agents/samples.py", f"{CONSTANT}  →  {CONSTANT.replace('mean(-1', 'mean(--1')}"): LAST,
    (
        "agents/samples.py",
        "centred = x - x.mean(-1, keepdim=True)  →  centred = x - x.mean(--1, keepdim=True)",
    ): LAST,
    (
        "agents/samples.py",
        "return x.transpose(0, 1).flatten(1, 2).contiguous()  →  "
        "return x.transpose(1, 0).flatten(1, 2).contiguous()",
    ): ALIKE,
    (
        "agents/samples.py",
        "return critic(rows(obs)).view(S, T, N).transpose(0, 1)  →  "
        "return critic(rows(obs)).view(S, T, N).transpose(1, 0)",
    ): ALIKE,
    ("algorithms/trpo.py", f"{EVERY}  →  every = max(0, round(1 / self.fisher_fraction))"): AT_LEAST_ONE,
    ("algorithms/trpo.py", f"{EVERY}  →  every = max(-1, round(1 / self.fisher_fraction))"): AT_LEAST_ONE,
}


def reason(file, line):
    """Why a survivor is as right as the original; None where nobody has said so."""
    before, _, after = line.partition("  →  ")
    averaging = ("algorithms/ppo.py", "algorithms/trpo.py", "agents/samples.py")
    if file in averaging and AXIS.sub("·", before) == AXIS.sub("·", after):
        return LAST
    return EQUIVALENT.get((file, line))


def main(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn with seed 0")
    parser.add_argument("--first", type=int, default=1, help="begin with the mutant of this number")
    parser.add_argument("--line", default="", help="only mutants whose changed line holds this")
    options = parser.parse_args(words)
    for library in ("torch", "gymnasium", "scipy.optimize", "pytest", "joblib", "hypothesis"):
        importlib.import_module(library)
    unexplained = 0
    named = [str(Path(f).resolve().relative_to(ROOT / "rlcourse")) for f in options.files]
    for file in named or NEAREST:
        found = []
        for what, line, alive in examined(file, options.sample, options.line, options.first):
            found.append((what, line, alive))
            if alive:
                why = reason(file, line)
                unexplained += why is None
                print(f"- `{file}`, {what}: `{line}`. {why or 'UNEXPLAINED'}", flush=True)
        print(f"{file}: {len(found)} mutants, {sum(alive for *_, alive in found)} survive", flush=True)
    return int(bool(unexplained))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))
