"""Questions about the whitelist, answered from tables made for them: of any day, as known on any other, and why.

What does not belong here: the decision itself (core/, open/).
"""
