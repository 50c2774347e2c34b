"""The releases of models: which version serves, who is tried out beside it, and whom it answers."""
