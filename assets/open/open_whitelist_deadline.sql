-- The legal time limits of the filing procedure, of the latest submission and the latest notice of nonconformity of each
-- provider. A limit counts from the day the law allowed it, by the calendar of the State Council; what cannot be judged
-- says why and is never taken as kept. A limit that has not begun has no row.
--
-- The days of submission and receipt are not public. The number of days between them is; that between the receipt and
-- the public notice is not, because the receipt would follow from it. A running limit has no number either: it would
-- change every day.
WITH event AS (
    SELECT filing.*
    FROM core_filing AS filing
    CROSS JOIN profile_run AS run
    WHERE filing.event_on <= run.as_of_on
),
latest AS (
    SELECT area_code, provider_id, MAX(event_no) AS event_no, MAX(submitted_on) AS submitted_on
    FROM event
    GROUP BY area_code, provider_id
),
receipted AS (
    SELECT latest.area_code, latest.provider_id, MIN(event.receipted_on) AS receipted_on
    FROM latest
    INNER JOIN event
        ON event.area_code = latest.area_code
        AND event.provider_id = latest.provider_id
        AND event.receipted_on >= latest.submitted_on
    GROUP BY latest.area_code, latest.provider_id
),
noticed AS (
    SELECT
        area_code,
        provider_id,
        event_on,
        receipted_on,
        ROW_NUMBER() OVER (PARTITION BY area_code, provider_id ORDER BY event_no DESC) AS nth
    FROM event
    WHERE filing_status_code = 'noncompliant'
),
-- a filing that is still being decided has no receipt yet; one that is decided without stating it is not judged
clock AS (
    SELECT
        latest.area_code,
        latest.provider_id,
        'receipt' AS deadline_code,
        'receipt_workdays_max' AS parameter_code,
        latest.submitted_on AS start_on,
        COALESCE(receipted.receipted_on, CASE WHEN event.filing_status_code = 'submitted' THEN run.as_of_on END)
            AS end_on,
        receipted.receipted_on IS NULL AS is_open,
        receipted.receipted_on IS NULL AND event.filing_status_code = 'supplement' AS is_incomplete
    FROM latest
    CROSS JOIN profile_run AS run
    INNER JOIN event
        ON event.area_code = latest.area_code
        AND event.provider_id = latest.provider_id
        AND event.event_no = latest.event_no
    LEFT JOIN receipted ON receipted.area_code = latest.area_code AND receipted.provider_id = latest.provider_id
    UNION ALL
    SELECT
        area_code,
        provider_id,
        'nonconformity-notice',
        'nonconformity_notice_workdays_max',
        receipted_on,
        event_on,
        FALSE,
        FALSE
    FROM noticed
    WHERE nth = 1
),
allowed AS (
    SELECT
        day.start_on,
        parameter.code,
        parameter.value_number,
        parameter.source,
        ROW_NUMBER() OVER (
            PARTITION BY day.start_on, parameter.code
            ORDER BY parameter.valid_from_on DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT start_on FROM clock) AS day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code IN ('receipt_workdays_max', 'nonconformity_notice_workdays_max')
        AND parameter.valid_from_on <= day.start_on
        AND (parameter.valid_to_on IS NULL OR parameter.valid_to_on >= day.start_on)
),
counted AS (
    SELECT
        clock.*,
        CAST(allowed.value_number AS BIGINT) AS workday_limit,
        allowed.source AS legal_source,
        ended.working_day_no - begun.working_day_no AS workday_count,
        CASE
            WHEN clock.is_incomplete THEN 'submission-incomplete'
            WHEN clock.start_on IS NULL OR clock.end_on IS NULL THEN 'dates-not-stated'
            WHEN allowed.value_number IS NULL THEN 'deadline-not-evaluated'
            WHEN begun.day_on IS NULL OR ended.day_on IS NULL THEN 'calendar-not-covered'
        END AS not_evaluated_codes
    FROM clock
    LEFT JOIN allowed
        ON allowed.start_on = clock.start_on AND allowed.code = clock.parameter_code AND allowed.nth = 1
    LEFT JOIN working_day AS begun ON begun.day_on = clock.start_on
    LEFT JOIN working_day AS ended ON ended.day_on = clock.end_on
)
SELECT
    area_code,
    provider_id,
    deadline_code,
    CASE
        WHEN not_evaluated_codes IS NOT NULL THEN 'not-evaluated'
        WHEN workday_count > workday_limit THEN 'late'
        WHEN is_open THEN 'running'
        ELSE 'met'
    END AS deadline_state_code,
    CASE WHEN not_evaluated_codes IS NULL AND deadline_code = 'receipt' AND NOT is_open THEN workday_count END
        AS workday_count,
    workday_limit,
    legal_source,
    not_evaluated_codes
FROM counted
