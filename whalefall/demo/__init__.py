"""`./run demo`: WhaleFall with private servers and sample databases, nothing to configure."""

from whalefall.demo.running import run_demo

__all__ = ["run_demo"]
