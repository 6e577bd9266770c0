"""Release: open tables become immutable, versioned, checksummed datasets in `published/`.

What belongs here: staging and describing a dataset, deciding its version by comparison, the commit
protocol and its stores. Plain Python and DuckDB: nothing in this package imports Dagster, so that the
publisher can be run, killed and tested alone. What does not belong here: making open tables
(assets/open), deciding what may be public (quality/disclosure).
"""
