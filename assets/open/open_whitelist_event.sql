-- Each day a provider came onto the whitelist or left it, as it was ever published. A change of reasons alone is not an
-- event.
--
-- A fold over the release before (released_whitelist_event, empty before the first): its rows stay as they are. What is
-- known now and not among them is added with the next number; what later facts contradict (that the provider came or
-- went on that day, for those reasons) is marked overturned. So a transition can stand here twice: as it was first told
-- and as it really was. Building again after publishing gives the same rows.
--
-- The clock of publication runs from `recorded_on` to `published_on`. It is not judged before the day the district began
-- to publish, without its figures, or in a year whose holidays are not announced; `not_evaluated_codes` says which.
WITH decided AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on AS effective_on,
        LAG(is_listed) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) AS from_listed,
        is_listed AS to_listed,
        reason_codes,
        recorded_on
    FROM core_whitelist_period
),
known AS (
    SELECT * FROM decided WHERE to_listed <> COALESCE(from_listed, FALSE)
),
numbered AS (
    SELECT area_code, provider_id, MAX(event_no) AS last_no
    FROM released_whitelist_event
    GROUP BY area_code, provider_id
),
kept AS (
    SELECT
        told.*,
        told.overturned_on IS NULL AND known.provider_id IS NULL AND told.effective_on <= run.as_of_on AS is_overturned,
        run.as_of_on
    FROM released_whitelist_event AS told
    CROSS JOIN profile_run AS run
    LEFT JOIN known
        ON known.area_code = told.area_code
        AND known.provider_id = told.provider_id
        AND known.effective_on = told.effective_on
        AND known.to_listed = told.to_listed
        AND COALESCE(known.reason_codes, '') = COALESCE(told.reason_codes, '')
),
fresh AS (
    SELECT
        known.*,
        run.as_of_on AS published_on,
        COALESCE(numbered.last_no, 0) + ROW_NUMBER() OVER (
            PARTITION BY known.area_code, known.provider_id ORDER BY known.effective_on
        ) AS event_no
    FROM known
    CROSS JOIN profile_run AS run
    LEFT JOIN numbered ON numbered.area_code = known.area_code AND numbered.provider_id = known.provider_id
    LEFT JOIN released_whitelist_event AS told
        ON told.area_code = known.area_code
        AND told.provider_id = known.provider_id
        AND told.effective_on = known.effective_on
        AND told.to_listed = known.to_listed
        AND COALESCE(told.reason_codes, '') = COALESCE(known.reason_codes, '')
        AND told.overturned_on IS NULL
    WHERE told.provider_id IS NULL
),
duty AS (
    SELECT CAST(value_text AS DATE) AS from_on
    FROM profile_parameter_in_force
    WHERE code = 'publication_from_on'
),
allowed AS (
    SELECT
        day.recorded_on,
        parameter.value_number,
        ROW_NUMBER() OVER (
            PARTITION BY day.recorded_on ORDER BY parameter.valid_from_on DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT recorded_on FROM fresh) AS day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code = 'publication_workdays_max'
        AND parameter.valid_from_on <= day.recorded_on
        AND (parameter.valid_to_on IS NULL OR parameter.valid_to_on >= day.recorded_on)
),
clocked AS (
    SELECT
        fresh.*,
        CAST(allowed.value_number AS BIGINT) AS workday_limit,
        -- a run as of an earlier day knows facts received later
        GREATEST(shown.working_day_no - recorded.working_day_no, 0) AS workday_count,
        CASE
            WHEN allowed.value_number IS NULL OR duty.from_on IS NULL THEN 'publication-not-evaluated'
            WHEN fresh.effective_on < duty.from_on THEN 'publication-not-required'
            WHEN recorded.day_on IS NULL OR shown.day_on IS NULL THEN 'calendar-not-covered'
        END AS not_evaluated_codes
    FROM fresh
    LEFT JOIN duty ON TRUE
    LEFT JOIN allowed ON allowed.recorded_on = fresh.recorded_on AND allowed.nth = 1
    LEFT JOIN working_day AS recorded ON recorded.day_on = fresh.recorded_on
    LEFT JOIN working_day AS shown ON shown.day_on = fresh.published_on
),
event AS (
    SELECT
        area_code,
        provider_id,
        event_no,
        effective_on,
        from_listed,
        to_listed,
        reason_codes,
        recorded_on,
        published_on,
        workday_count,
        workday_limit,
        is_published_in_time,
        CASE WHEN is_overturned THEN GREATEST(as_of_on, published_on) ELSE overturned_on END AS overturned_on,
        not_evaluated_codes
    FROM kept
    UNION ALL
    SELECT
        area_code,
        provider_id,
        event_no,
        effective_on,
        from_listed,
        to_listed,
        reason_codes,
        recorded_on,
        published_on,
        CASE WHEN not_evaluated_codes IS NULL THEN workday_count END AS workday_count,
        CASE WHEN not_evaluated_codes IS NULL OR not_evaluated_codes = 'calendar-not-covered' THEN workday_limit END
            AS workday_limit,
        CASE WHEN not_evaluated_codes IS NULL THEN workday_count <= workday_limit END AS is_published_in_time,
        CAST(NULL AS DATE) AS overturned_on,
        not_evaluated_codes
    FROM clocked
)
SELECT * FROM event
