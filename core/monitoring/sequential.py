"""A comparison of two versions that may be read at any time.

Pairs of outcomes of which exactly one is right are flips of a fair coin, if both versions are
equally good. The mixture of all likelihood ratios over a Beta prior is then a martingale from 1,
which exceeds 1/level with a probability of at most `level`, however often one looks (Ville;
Robbins, Annals of Mathematical Statistics 41, 1970; Howard et al., Annals of Statistics 49, 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import betaln

LEVEL = 0.05
_PRIOR = 10.0  # Beta(10, 10): expects 60 to 40 rather than 99 to 1

Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class Comparison:
    """How a challenger stands against the champion.

    Attributes:
        wins: Pairs of which only the challenger was right.
        losses: Pairs of which only the champion was right.
        level: Most probable share of false verdicts.
    """

    wins: int = 0
    losses: int = 0
    level: float = LEVEL

    @property
    def evidence(self) -> float:
        """The e-value against "equally good": 1 at first, a verdict from `1 / level` on."""
        return math.exp(min(self._log_evidence, 700.0))

    @property
    def verdict(self) -> Verdict:
        """What may be said now; who stops at the first that is not "undecided" errs rarely."""
        if self._log_evidence < -math.log(self.level):
            return "undecided"
        return "better" if self.wins > self.losses else "worse"

    @property
    def _log_evidence(self) -> float:
        pairs = self.wins + self.losses
        mixed = betaln(_PRIOR + self.wins, _PRIOR + self.losses) - betaln(_PRIOR, _PRIOR)
        return float(mixed + pairs * math.log(2))

    def after(self, challenger: bool, champion: bool) -> Comparison:
        """With one more pair of outcomes."""
        if challenger == champion:
            return self
        wins, losses = self.wins + challenger, self.losses + champion
        return Comparison(wins, losses, self.level)
