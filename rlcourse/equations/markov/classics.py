"""Small processes of the literature and of the lectures, by name."""

import numpy as np

from rlcourse.equations.markov.process import MDP


def two_state(gamma: float = 0.9) -> MDP:
    """Two states, actions stay and move, each of which works with probability 0.9; starts in state 0.

    r(0, stay) = 0, r(0, move) = −0.2, r(1, stay) = 1, r(1, move) = 0.3, whether the action works or not.
    Every policy is a point (π(move|0), π(move|1)) of the unit square.
    """
    stay, move = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.1, 0.9], [0.9, 0.1]])
    return MDP(np.stack([stay, move], axis=1), [[0.0, -0.2], [1.0, 0.3]], [1.0, 0.0], gamma)


def stay_or_leave(gamma: float = 0.99) -> MDP:
    """Two states without chance: staying pays 1 in state 0 and 2 in state 1, leaving for the other nothing.

    Actions stay (0) and leave (1); starts in state 0 with probability 0.8. (After Kakade 2001, "A Natural
    Policy Gradient".) A policy that stays in 0 and leaves 1 earns nearly 1 a step, though 2 is near.
    """
    stay, leave = np.eye(2), np.eye(2)[::-1]
    return MDP(np.stack([stay, leave], axis=1), [[1.0, 0.0], [2.0, 0.0]], [0.8, 0.2], gamma)


def two_action(gamma: float = 0.9) -> MDP:
    """One live state: action 0 (probability θ) pays 1 and goes on, action 1 ends. η = θ/(1 − γθ)."""
    return MDP([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], [[1.0, 0.0], [0.0, 0.0]], [1.0, 0.0], gamma)


def chain(length: int = 5, gamma: float = 0.99, slip: float = 0.2) -> MDP:
    """The chain of Strens (2000): action 0 forward (10 at the last state), action 1 back to the first (2).

    With probability `slip` the other action happens, with its reward; forward at the last state stays there.
    Starts in the first state.
    """
    state = np.arange(length)
    forward, back = np.eye(length)[np.minimum(state + 1, length - 1)], np.eye(length)[np.zeros(length, int)]
    reward = np.stack([np.where(state == length - 1, 10.0, 0.0), np.full(length, 2.0)], axis=1)
    transition = np.stack([forward, back], axis=1)
    return MDP(
        (1 - slip) * transition + slip * transition[:, ::-1],
        (1 - slip) * reward + slip * reward[:, ::-1],
        np.eye(length)[0],
        gamma,
    )


def tightrope(length: int = 10, gamma: float = 0.95) -> MDP:
    """A rope of `length` states: action 0 steps on, action 1 falls into state `length`, 1 lost a step.

    The step of the fall counts, and so does every later one: one mistake costs 1/(1 − γ) from then on, and
    none costs nothing, as the far end leads back to state 0, the start.
    """
    transition = np.zeros((length + 1, 2, length + 1))
    rope = np.arange(length)
    transition[rope, 0, (rope + 1) % length] = 1.0
    transition[rope, 1, length] = 1.0
    transition[length, :, length] = 1.0
    reward = np.zeros((length + 1, 2))
    reward[rope, 1] = -1.0
    reward[length] = -1.0
    return MDP(transition, reward, np.eye(length + 1)[0], gamma)


def tightrope_with_ladder(price: float = np.inf, gamma: float = 0.95) -> MDP:
    """A rope (state 0) and the ground (1): action 0 is right, 1 wrong; a step with a fall or below is lost.

    On the rope the right action steps on, the wrong one falls. On the ground the right one climbs a ladder
    and arrives with probability 1/(price − 1), the wrong one stays. So a mistake costs `price` = u ≥ 2 steps
    on average, if the right action is taken from then on; ∞: no ladder. Reward −1 for a lost step, starts on
    the rope.
    """
    if not price >= 2:
        raise ValueError(f"price is {price}; a fall and one step back are 2 steps at least")
    up = 1 / (price - 1)
    transition = [[[1.0, 0.0], [0.0, 1.0]], [[up, 1 - up], [0.0, 1.0]]]
    return MDP(transition, [[0.0, -1.0], [-1.0, -1.0]], [1.0, 0.0], gamma)


def cliff(gamma: float = 0.99, rows: int = 4, columns: int = 12) -> MDP:
    """Cliff walking (Sutton & Barto, example 6.6): 4 × 12 cells, −1 a step, −100 and back to start if off.

    State 12·row + column; start 36, goal 47 (absorbing, reward 0): the corners below; the cliff lies between
    them. Actions: north, east, south, west; at the edge of the grid a step goes nowhere.
    """
    states, start, goal = rows * columns, (rows - 1) * columns, rows * columns - 1
    transition, reward = np.zeros((states, 4, states)), np.full((states, 4), -1.0)
    for s in range(states):
        for a, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
            row = np.clip(s // columns + down, 0, rows - 1)
            to = columns * row + np.clip(s % columns + right, 0, columns - 1)
            falls = start < to < goal
            transition[s, a, start if falls else to] = 1.0
            reward[s, a] = -100.0 if falls else -1.0
    transition[goal], reward[goal] = np.eye(states)[goal], 0.0
    return MDP(transition, reward, np.eye(states)[start], gamma)


def noisy_arms(arms: int = 10, mean: float = -0.1, gamma: float = 0.99) -> MDP:
    """Sutton & Barto's example 6.7: in A (state 0, the start) go right, for nothing, or left to B (state 1).

    In B each of `arms` actions ends the episode and pays `mean`; the noise of it is the walker's. State 2 is
    the end. In A action 0 goes left, every other one right. Q*(A, left) = γ · mean.
    """
    transition, reward = np.zeros((3, arms, 3)), np.zeros((3, arms))
    transition[:, :, 2] = 1.0
    transition[0, 0] = [0.0, 1.0, 0.0]
    reward[1] = mean
    return MDP(transition, reward, [1.0, 0.0, 0.0], gamma)


def aliased_grid_world(gamma: float = 0.9) -> MDP:
    """A corridor of five cells; below cell 2 a treasure (+1), below cells 0 and 4 a trap (−1); both end it.

    States 0–4 the corridor, 5 the end, where nothing more is paid; actions north, east, south, west; starts
    in each cell with probability 0.2. Cells 1 and 3 look alike, so an agent that sees only its walls has
    equal rows there (after Silver's lectures).
    """
    transition, reward = np.zeros((6, 4, 6)), np.zeros((6, 4))
    for s in range(5):
        for a, move in enumerate([0, 1, 0, -1]):
            transition[s, a, np.clip(s + move, 0, 4)] = 1.0
    for s, prize in ((0, -1.0), (2, 1.0), (4, -1.0)):
        transition[s, 2], reward[s, 2] = np.eye(6)[5], prize
    transition[5] = np.eye(6)[5]
    return MDP(transition, reward, [0.2, 0.2, 0.2, 0.2, 0.2, 0.0], gamma)


def corridor(rooms: int = 5, gamma: float = 0.99, slip: float = 0.1) -> MDP:
    """Sutton and Barto's walk with two actions: rooms in a row, out on the right pays 1, on the left nothing.

    States 0 … rooms − 1, then the street, where nothing more is paid; actions left (0) and right (1); starts
    in the middle. In the inner rooms a step slides the other way with probability `slip`. (Sutton & Barto
    2018, example 6.2, has no slip, and a coin for a policy.)
    """
    room, street = np.arange(rooms), rooms
    transition = np.zeros((rooms + 1, 2, rooms + 1))
    slips = np.where((room > 0) & (room < rooms - 1), slip, 0.0)
    left, right = np.where(room > 0, room - 1, street), room + 1  # right of the last room: the street
    for action, (there, other) in enumerate([(left, right), (right, left)]):
        np.add.at(transition, (room, action, there), 1 - slips)
        np.add.at(transition, (room, action, other), slips)
    transition[street, :, street] = 1.0
    reward = np.zeros((rooms + 1, 2))
    reward[rooms - 1, 1] = 1.0
    return MDP(transition, reward, np.eye(rooms + 1)[rooms // 2], gamma)


def jump_grid(gamma: float = 0.9) -> MDP:
    """The grid of Sutton & Barto 2018, example 3.5: 5 × 5 cells; A pays 10, B 5, and both jump.

    State 5·row + column, row 0 on top; any action leads from A = 1 to 21 and from B = 3 to 13. Actions
    north, east, south, west; a step off the grid costs 1 and goes nowhere. Starts in the lower left corner,
    state 20 (the book names no start).
    """
    transition, reward = np.zeros((25, 4, 25)), np.zeros((25, 4))
    for s in range(25):
        for a, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
            row, column = s // 5 + down, s % 5 + right
            inside = 0 <= row < 5 and 0 <= column < 5
            transition[s, a, 5 * row + column if inside else s] = 1.0
            reward[s, a] = 0.0 if inside else -1.0
    for s, prize, to in ((1, 10.0, 21), (3, 5.0, 13)):
        transition[s], reward[s] = np.eye(25)[to], prize
    return MDP(transition, reward, np.eye(25)[20], gamma)
