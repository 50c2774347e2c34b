"""The conversion of networks that paint to LiteRT graphs, and its comparison with Keras."""
