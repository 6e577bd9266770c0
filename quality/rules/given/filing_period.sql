-- What was filed of a provider, from one event until the next: the last word of each day, with what an event does not
-- repeat carried forward (a change may state only what it changes). The day `until_on` is no longer part of it.
-- `provider_id` is the id as stated; `stable_id` says who it is, and the filings of one provider follow one another
-- also when its source gave it another id.
WITH identified AS (
    SELECT filing.*, identity.provider_id AS stable_id
    FROM filing
    INNER JOIN filing_identity AS identity
        ON identity.area_code = filing.area_code
        AND identity.source_provider_id = filing.provider_id
        AND identity.filing_event_code = filing.filing_event_code
        AND identity.event_on = filing.event_on
),
said AS (
    SELECT
        filing.*,
        row_number() OVER (
            PARTITION BY area_code, stable_id
            ORDER BY
                event_on,
                CASE filing_event_code WHEN 'new' THEN 1 WHEN 'change' THEN 2 WHEN 'snapshot' THEN 3 ELSE 4 END,
                filing_event_code
        ) AS event_no
    FROM identified AS filing
),
carried AS (
    SELECT
        area_code,
        provider_id,
        stable_id,
        event_on,
        event_no,
        filing_event_code,
        filing_status_code,
        provider_name,
        site_type_code,
        service_form_code,
        service_modes,
        subdistrict_code,
        address,
        last_value(community_name IGNORE NULLS) OVER history AS community_name,
        last_value(credit_code IGNORE NULLS) OVER history AS credit_code,
        last_value(parent_credit_code IGNORE NULLS) OVER history AS parent_credit_code,
        last_value(place_count IGNORE NULLS) OVER history AS place_count,
        last_value(enrolled_count IGNORE NULLS) OVER history AS enrolled_count,
        last_value(age_min_months IGNORE NULLS) OVER history AS age_min_months,
        last_value(age_max_months IGNORE NULLS) OVER history AS age_max_months,
        last_value(floor_max IGNORE NULLS) OVER history AS floor_max,
        last_value(is_inclusive IGNORE NULLS) OVER history AS is_inclusive,
        last_value(meal_mode_code IGNORE NULLS) OVER history AS meal_mode_code,
        source_sha256,
        source_sheet,
        source_row
    FROM said
    WINDOW history AS (
        PARTITION BY area_code, stable_id ORDER BY event_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
last_word AS (
    SELECT
        carried.*,
        row_number() OVER (PARTITION BY area_code, stable_id, event_on ORDER BY event_no DESC) AS from_last
    FROM carried
)
SELECT
    last_word.* EXCLUDE (from_last),
    lead(event_on) OVER (PARTITION BY area_code, stable_id ORDER BY event_on) AS until_on
FROM last_word
WHERE from_last = 1
