"""Options by which styles of artists are learned at once."""

from __future__ import annotations

from training.stylizer.choosing import Options

TINY = Options(
    rows=(48, 32),
    least=2,
    candidates=4,
    ranks=(4, 8),
    directions=8,
    among=120,
    fitted=60,
    places=30,
)
