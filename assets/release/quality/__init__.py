"""`quality.json` and `quality.html` of a version: what is known of its quality, gathered while it is staged.

What belongs here: who is asked, and the files. What does not: counting and words (quality/report), the page
(pages/quality.py). The files follow from a version and are never a reason for one.
"""
