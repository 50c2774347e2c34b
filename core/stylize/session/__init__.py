"""A painting from request to picture: its steps, what is shown of them, and what is kept."""

from core.stylize.session.networks import at_hand, warm_up
from core.stylize.session.painting import Painting, paint
from core.stylize.session.sketching import at_once

__all__ = ["Painting", "at_hand", "at_once", "paint", "warm_up"]
