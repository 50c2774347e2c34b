"""LiteRT graphs of trained networks: their conversion, and the comparison with Keras."""
