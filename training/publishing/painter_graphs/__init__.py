"""The LiteRT graphs of networks that paint: their conversion, and the comparison with Keras."""
