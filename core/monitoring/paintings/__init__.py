"""The monitoring of what is painted: style transfer at once and refined, and Monet."""

from core.monitoring.paintings.figures import MEASURES, Figures, Spread, figures, of
from core.monitoring.paintings.reading import FIRST, Paintings, newest, read

__all__ = ["FIRST", "MEASURES", "Figures", "Paintings", "Spread", "figures", "newest", "of", "read"]
