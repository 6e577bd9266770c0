-- What is filed of a provider on the as-of date.
SELECT period.*
FROM filing_period AS period
CROSS JOIN profile_run AS run
WHERE period.event_on <= run.as_of_on AND (period.until_on IS NULL OR period.until_on > run.as_of_on)
