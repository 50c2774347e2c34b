"""Python processes of our own, which run a function of `core` and end with who started them."""

from core.processes.child import Child, start

__all__ = ["Child", "start"]
