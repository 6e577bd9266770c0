-- A provider over time: each filing holds until the next one says otherwise, and a line of a full register until the
-- next register of the same source. Who is not in that next register has left it: that opens a period too.
--
-- A change or a deregistration may leave out what it does not change: the last value stated since the provider was
-- last described in full (a new filing, a line of a register) is carried forward. The carrying is a running maximum
-- of "number of the statement, value", because IGNORE NULLS is written differently by every engine.
WITH event AS (
    SELECT filing.*
    FROM core_filing AS filing
    CROSS JOIN profile_run AS run
    WHERE filing.event_on <= run.as_of_on
),
snapshot_day AS (
    SELECT source_code, event_on, LEAD(event_on) OVER (PARTITION BY source_code ORDER BY event_on) AS next_on
    FROM (SELECT DISTINCT source_code, event_on FROM event WHERE filing_event_code = 'snapshot') AS day
),
-- a line that waits in quarantine says nothing of its provider but that it is still in the register
present AS (
    SELECT source_code, area_code, provider_id, event_on FROM event WHERE filing_event_code = 'snapshot'
    UNION
    SELECT source_code, area_code, provider_id, event_on FROM known_filing_held
),
gone AS (
    SELECT present.source_code, present.area_code, present.provider_id, day.next_on AS gone_on
    FROM present
    INNER JOIN snapshot_day AS day ON day.source_code = present.source_code AND day.event_on = present.event_on
    LEFT JOIN present AS again
        ON again.source_code = present.source_code
        AND again.area_code = present.area_code
        AND again.provider_id = present.provider_id
        AND again.event_on = day.next_on
    WHERE day.next_on IS NOT NULL AND again.provider_id IS NULL
),
last_seen AS (
    SELECT gone.gone_on, seen.source_code, seen.area_code, seen.provider_id, MAX(seen.event_on) AS event_on
    FROM gone
    INNER JOIN event AS seen
        ON seen.source_code = gone.source_code
        AND seen.area_code = gone.area_code
        AND seen.provider_id = gone.provider_id
        AND seen.filing_event_code = 'snapshot'
        AND seen.event_on < gone.gone_on
    GROUP BY gone.gone_on, seen.source_code, seen.area_code, seen.provider_id
),
statement AS (
    SELECT event.*, event.event_on AS valid_from_on, 0 AS is_absence
    FROM event
    UNION ALL
    SELECT seen.*, last_seen.gone_on AS valid_from_on, 1 AS is_absence
    FROM last_seen
    INNER JOIN event AS seen
        ON seen.area_code = last_seen.area_code
        AND seen.provider_id = last_seen.provider_id
        AND seen.source_code = last_seen.source_code
        AND seen.event_on = last_seen.event_on
        AND seen.filing_event_code = 'snapshot'
),
ordered AS (
    SELECT
        statement.*,
        LAG(filing_status_code) OVER (
            PARTITION BY area_code, provider_id ORDER BY valid_from_on, is_absence DESC, event_no
        ) AS status_before,
        ROW_NUMBER() OVER (
            PARTITION BY area_code, provider_id ORDER BY valid_from_on, is_absence DESC, event_no
        ) AS statement_no
    FROM statement
),
-- who has already ended its filing does not leave a register again
told AS (
    SELECT
        ordered.*,
        LPAD(CAST(statement_no AS STRING), 6, '0') AS statement_key,
        SUM(CASE WHEN filing_event_code IN ('new', 'snapshot') THEN 1 ELSE 0 END) OVER (
            PARTITION BY area_code, provider_id
            ORDER BY statement_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS description_no
    FROM ordered
    WHERE is_absence = 0 OR status_before NOT IN ('deregistered', 'removed')
),
carried AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on,
        statement_no,
        filing_event_code,
        CASE WHEN is_absence = 1 THEN 'removed' ELSE filing_status_code END AS filing_status_code,
        CASE WHEN is_absence = 1 THEN 'absent-from-source' ELSE removal_reason_code END AS removal_reason_code,
        provider_name,
        SUBSTRING(MAX(statement_key || alias_names) OVER history, 7) AS alias_names,
        SUBSTRING(MAX(statement_key || credit_code) OVER history, 7) AS credit_code,
        SUBSTRING(MAX(statement_key || parent_credit_code) OVER history, 7) AS parent_credit_code,
        SUBSTRING(MAX(statement_key || registered_scope) OVER history, 7) AS registered_scope,
        SUBSTRING(MAX(statement_key || registration_authority_code) OVER history, 7) AS registration_authority_code,
        SUBSTRING(MAX(statement_key || provider_nature_code) OVER history, 7) AS provider_nature_code,
        SUBSTRING(MAX(statement_key || profit_code) OVER history, 7) AS profit_code,
        SUBSTRING(MAX(statement_key || operator_code) OVER history, 7) AS operator_code,
        site_type_code,
        service_form_code,
        SUBSTRING(MAX(statement_key || host_facility_code) OVER history, 7) AS host_facility_code,
        SUBSTRING(MAX(statement_key || location_type_code) OVER history, 7) AS location_type_code,
        service_modes,
        SUBSTRING(MAX(statement_key || CAST(age_min_months AS STRING)) OVER history, 7) AS age_min_months,
        SUBSTRING(MAX(statement_key || CAST(age_max_months AS STRING)) OVER history, 7) AS age_max_months,
        SUBSTRING(MAX(statement_key || CAST(place_count AS STRING)) OVER history, 7) AS place_count,
        SUBSTRING(MAX(statement_key || CAST(enrolled_count AS STRING)) OVER history, 7) AS enrolled_count,
        subdistrict_code,
        SUBSTRING(MAX(statement_key || community_name) OVER history, 7) AS community_name,
        address,
        SUBSTRING(MAX(statement_key || CAST(gross_area_m2 AS STRING)) OVER history, 7) AS gross_area_m2,
        SUBSTRING(MAX(statement_key || CAST(indoor_area_m2 AS STRING)) OVER history, 7) AS indoor_area_m2,
        SUBSTRING(MAX(statement_key || CAST(outdoor_area_m2 AS STRING)) OVER history, 7) AS outdoor_area_m2,
        SUBSTRING(MAX(statement_key || premises_tenure_code) OVER history, 7) AS premises_tenure_code,
        SUBSTRING(MAX(statement_key || CAST(lease_from_on AS STRING)) OVER history, 7) AS lease_from_on,
        SUBSTRING(MAX(statement_key || CAST(lease_to_on AS STRING)) OVER history, 7) AS lease_to_on,
        SUBSTRING(MAX(statement_key || CAST(floor_min AS STRING)) OVER history, 7) AS floor_min,
        SUBSTRING(MAX(statement_key || CAST(floor_max AS STRING)) OVER history, 7) AS floor_max,
        SUBSTRING(MAX(statement_key || authorization_regime_code) OVER history, 7) AS authorization_regime_code,
        SUBSTRING(MAX(statement_key || CAST(authorization_valid_to_on AS STRING)) OVER history, 7)
            AS authorization_valid_to_on,
        SUBSTRING(MAX(statement_key || filing_no) OVER history, 7) AS filing_no,
        SUBSTRING(MAX(statement_key || CAST(submitted_on AS STRING)) OVER history, 7) AS submitted_on,
        SUBSTRING(MAX(statement_key || CAST(receipted_on AS STRING)) OVER history, 7) AS receipted_on,
        SUBSTRING(MAX(statement_key || CAST(filed_on AS STRING)) OVER history, 7) AS filed_on,
        SUBSTRING(MAX(statement_key || CAST(is_inclusive AS STRING)) OVER history, 7) AS is_inclusive,
        SUBSTRING(MAX(statement_key || CAST(inclusive_from_on AS STRING)) OVER history, 7) AS inclusive_from_on,
        SUBSTRING(MAX(statement_key || CAST(inclusive_to_on AS STRING)) OVER history, 7) AS inclusive_to_on,
        SUBSTRING(MAX(statement_key || meal_mode_code) OVER history, 7) AS meal_mode_code,
        SUBSTRING(MAX(statement_key || contact_phone) OVER history, 7) AS contact_phone,
        SUBSTRING(MAX(statement_key || quality_scheme_code) OVER history, 7) AS quality_scheme_code,
        SUBSTRING(MAX(statement_key || quality_grade_code) OVER history, 7) AS quality_grade_code,
        SUBSTRING(MAX(statement_key || CAST(quality_evaluated_on AS STRING)) OVER history, 7) AS quality_evaluated_on,
        SUBSTRING(MAX(statement_key || CAST(health_staff_full_time_count AS STRING)) OVER history, 7)
            AS health_staff_full_time_count,
        SUBSTRING(MAX(statement_key || CAST(health_staff_part_time_count AS STRING)) OVER history, 7)
            AS health_staff_part_time_count,
        SUBSTRING(MAX(statement_key || CAST(has_full_cctv AS STRING)) OVER history, 7) AS has_full_cctv,
        SUBSTRING(MAX(statement_key || CAST(cctv_retention_days AS STRING)) OVER history, 7) AS cctv_retention_days,
        SUBSTRING(MAX(statement_key || CAST(longitude AS STRING)) OVER history, 7) AS longitude,
        SUBSTRING(MAX(statement_key || CAST(latitude AS STRING)) OVER history, 7) AS latitude,
        SUBSTRING(MAX(statement_key || crs_code) OVER history, 7) AS crs_code,
        reported_on,
        source_code,
        source_sha256,
        source_sheet,
        source_row,
        received_on
    FROM told
    WINDOW history AS (
        PARTITION BY area_code, provider_id, description_no
        ORDER BY statement_no
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
-- the last statement of a day is what holds after that day
last_of_day AS (
    SELECT
        carried.*,
        ROW_NUMBER() OVER (PARTITION BY area_code, provider_id, valid_from_on ORDER BY statement_no DESC) AS from_last
    FROM carried
)
SELECT
    area_code,
    provider_id,
    valid_from_on,
    LEAD(valid_from_on) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) AS valid_to_on,
    filing_status_code IN ('filed', 'changed') AS is_on_file,
    filing_event_code,
    valid_from_on AS event_on,
    filing_status_code,
    removal_reason_code,
    provider_name,
    alias_names,
    credit_code,
    parent_credit_code,
    registered_scope,
    registration_authority_code,
    provider_nature_code,
    profit_code,
    operator_code,
    site_type_code,
    service_form_code,
    host_facility_code,
    location_type_code,
    service_modes,
    age_min_months,
    age_max_months,
    CASE WHEN service_form_code = 'home_visit' THEN NULL ELSE place_count END AS place_count,
    enrolled_count,
    subdistrict_code,
    community_name,
    address,
    gross_area_m2,
    indoor_area_m2,
    outdoor_area_m2,
    premises_tenure_code,
    lease_from_on,
    lease_to_on,
    floor_min,
    floor_max,
    authorization_regime_code,
    authorization_valid_to_on,
    filing_no,
    submitted_on,
    receipted_on,
    filed_on,
    is_inclusive,
    inclusive_from_on,
    inclusive_to_on,
    meal_mode_code,
    contact_phone,
    quality_scheme_code,
    quality_grade_code,
    quality_evaluated_on,
    health_staff_full_time_count,
    health_staff_part_time_count,
    has_full_cctv,
    cctv_retention_days,
    longitude,
    latitude,
    crs_code,
    reported_on,
    source_code,
    source_sha256,
    source_sheet,
    source_row,
    received_on
FROM last_of_day
WHERE from_last = 1
