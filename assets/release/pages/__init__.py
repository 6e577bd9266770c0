"""Documents beside the data, derived from the current release and rebuilt at will: how to verify, and feeds.

What does not belong here: anything a manifest promises.
"""
