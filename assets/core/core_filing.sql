-- Events of one day have an order too: one that ends a filing is the last word of its day.
SELECT
    filing.*,
    ROW_NUMBER() OVER (
        PARTITION BY area_code, provider_id
        ORDER BY
            event_on,
            CASE filing_event_code WHEN 'new' THEN 1 WHEN 'change' THEN 2 WHEN 'snapshot' THEN 3 ELSE 4 END,
            filing_event_code
    ) AS event_no
FROM known_filing AS filing
