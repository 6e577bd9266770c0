"""The refusal of a publisher, which every module of the release room may raise. Only that."""


class Refused(Exception):
    """What was handed in may not be published; nothing was changed (exit 65). Never names a value."""
