"""From a finished run to what ships: measuring, weights, cards, the catalogue."""
