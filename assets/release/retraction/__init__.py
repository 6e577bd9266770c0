"""What was published and shall be no longer: withdrawn versions, redacted fields and providers.

What belongs here: the commit that says so, the replacements, the deletion, and carrying it on for good. What does not:
how a store deletes (stores/), garbage that nothing ever led to (gc.py).
"""
