"""Photos painted in the style of pictures: networks, losses, and optimizers."""
