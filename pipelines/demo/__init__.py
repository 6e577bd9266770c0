"""The demo district: an invented inbox, made from a seed, that is as untidy as a real one.

``make_inbox`` is the door. Nothing here is real but street names, one census total and one promise of 2021.
"""

from pipelines.demo.inbox import ANSWER_KEY, DemoSummary, make_inbox

__all__ = ["ANSWER_KEY", "DemoSummary", "make_inbox"]
