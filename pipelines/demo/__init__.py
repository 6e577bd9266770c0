"""The demo district: an invented inbox, made from a seed, that is as untidy as a real one.

``make_inbox`` and ``make_deliveries`` (the same, told month by month) are the doors. Nothing here is real but street
names, one census total and one promise of 2021.
"""

from pipelines.demo.arrivals import Calendar
from pipelines.demo.deliveries import make_deliveries
from pipelines.demo.inbox import ANSWER_KEY, DemoSummary, make_inbox
from pipelines.demo.whitelist_key import WHITELIST_KEY, final_reasons

__all__ = ["ANSWER_KEY", "WHITELIST_KEY", "Calendar", "DemoSummary", "final_reasons", "make_deliveries", "make_inbox"]
