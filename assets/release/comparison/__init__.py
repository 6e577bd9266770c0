"""Two states of a dataset beside each other: what differs, of what kind and why, and which number follows from it.

What belongs here: everything that is decided by comparison, and the words about it (`changes.csv`, `CHANGES.md`). What
does not: making the new state (staging.py), placing it (publisher.py).
"""
