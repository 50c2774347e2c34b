"""Everything that Atelier knows how to do; it knows no screen, no server and no cluster."""
