"""The contracts, loaded before the clock starts: the rivals get theirs ready-made too. Nothing else belongs here."""

from schemas.registry import load

REGISTRY = load("binjiang")
