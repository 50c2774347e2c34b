"""How painted the pictures look: the same 12 photos by 10 paintings for every way to paint."""
