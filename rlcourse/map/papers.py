"""Where the papers of the map are found: what arXiv, or a DOI, calls a title (each was looked up).

Not here are those that have neither: "Double Q-learning", "A Natural Policy Gradient" and "Policy Gradient
Methods …" (NeurIPS), "Deterministic Policy Gradient Algorithms" (ICML), "ALVINN", "Maximum Entropy Inverse
Reinforcement Learning" (AAAI), Sarsa's report and the book.
"""

ADDRESSES = {
    "A Distributional Perspective on Reinforcement Learning": "arXiv:1707.06887",
    "A Reduction of Imitation Learning": "arXiv:1011.0686",
    "A Theoretical and Empirical Analysis of Expected Sarsa": "doi:10.1109/ADPRL.2009.4927542",
    "Addressing Function Approximation Error in Actor-Critic Methods": "arXiv:1802.09477",
    "Asynchronous Methods for Deep Reinforcement Learning": "arXiv:1602.01783",
    "Continuous control with deep reinforcement learning": "arXiv:1509.02971",
    "Deep Reinforcement Learning in a Handful of Trials …": "arXiv:1805.12114",
    "Deep Reinforcement Learning with Double Q-learning": "arXiv:1509.06461",
    "Direct Preference Optimization": "arXiv:2305.18290",
    "Distributional Reinforcement Learning with Quantile Regression": "arXiv:1710.10044",
    "Generative Adversarial Imitation Learning": "arXiv:1606.03476",
    "Human-level control through deep reinforcement learning": "doi:10.1038/nature14236",
    "IQ-Learn: Inverse soft-Q Learning for Imitation": "arXiv:2106.12142",
    "Implicit Quantile Networks for Distributional Reinforcement Learning": "arXiv:1806.06923",
    "Learning Tetris Using the Noisy Cross-Entropy Method": "doi:10.1162/neco.2006.18.12.2936",
    "Proximal Policy Optimization Algorithms": "arXiv:1707.06347",
    "Q-learning": "doi:10.1007/BF00992698",
    "Simple Statistical Gradient-Following Algorithms": "doi:10.1007/BF00992696",
    "Soft Actor-Critic Algorithms and Applications": "arXiv:1812.05905",
    "Training language models to follow instructions with human feedback": "arXiv:2203.02155",
    "The CMA Evolution Strategy: A Tutorial": "arXiv:1604.00772",
    "Trust Region Policy Optimization": "arXiv:1502.05477",
}
PLACES = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}


def address(paper: str) -> tuple[str, str] | None:
    """("arXiv:1707.06347", its page on the web) of a record's paper, by the title in “ ”; None if unknown."""
    name = ADDRESSES.get(paper.partition("“")[2].partition("”")[0])
    if name is None:
        return None
    kind, _, number = name.partition(":")
    return name, PLACES[kind] + number
