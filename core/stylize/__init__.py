"""Photos painted in the style of pictures: networks, losses, and the optimiser."""
