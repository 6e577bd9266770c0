"""The quality report of one dataset version: results and counts in, `quality.json` out. Pure, and without a clock.

What belongs here: what the report says and how it is counted. What does not: getting results from a workspace or from a
stage (assets/release/quality, assets/release/staging.py), the page (assets/release/pages), the words of the standard
(schemas/quality.yml). A report holds counts, codes and texts of rules: never a value of a row, never a person, and of
those who have not reported only names that are published anyway.
"""
