-- What is known of a whole place in a period: its people, its providers and stations, the plans that were due, and how
-- the filing procedure went. Receipts count in the period of the receipt, transitions of the whitelist in that of their
-- publication (those the law's limit is judged for), arrivals and departures on the day they took effect. Who stands in
-- the first register of a source was there before: that is no arrival.
WITH run_limit AS (
    SELECT
        day.submitted_on,
        parameter.value_number AS workday_limit,
        ROW_NUMBER() OVER (
            PARTITION BY day.submitted_on
            ORDER BY COALESCE(parameter.valid_from_on, DATE '1900-01-01') DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT submitted_on FROM core_filing WHERE submitted_on IS NOT NULL) AS day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code = 'receipt_workdays_max'
        AND COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= day.submitted_on
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= day.submitted_on
),
submission AS (
    SELECT
        filing.area_code,
        filing.provider_id,
        filing.subdistrict_code,
        filing.submitted_on,
        filing.receipted_on,
        ROW_NUMBER() OVER (
            PARTITION BY filing.area_code, filing.provider_id, filing.submitted_on
            ORDER BY filing.receipted_on, filing.event_no
        ) AS nth
    FROM core_filing AS filing
    CROSS JOIN profile_run AS run
    WHERE filing.submitted_on <= filing.receipted_on AND filing.receipted_on <= run.as_of_on
),
receipt AS (
    SELECT
        submission.area_code,
        submission.subdistrict_code,
        SUBSTRING(CAST(submission.receipted_on AS STRING), 1, 7) AS receipt_month,
        ended.working_day_no - begun.working_day_no AS workday_count,
        run_limit.workday_limit
    FROM submission
    LEFT JOIN run_limit ON run_limit.submitted_on = submission.submitted_on AND run_limit.nth = 1
    LEFT JOIN working_day AS begun ON begun.day_on = submission.submitted_on
    LEFT JOIN working_day AS ended ON ended.day_on = submission.receipted_on
    WHERE submission.nth = 1
),
receipts AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        COUNT(*) AS receipt_count,
        COUNT(receipt.workday_count) AS receipt_counted_count,
        COUNT(receipt.workday_count + receipt.workday_limit) AS receipt_judged_count,
        SUM(CASE WHEN receipt.workday_count <= receipt.workday_limit THEN 1 ELSE 0 END) AS receipt_in_time_count,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(receipt.workday_count AS DECIMAL(18, 4)))
            AS receipt_workday_median
    FROM measure_cell AS cell
    INNER JOIN receipt
        ON receipt.area_code = cell.area_code
        AND (receipt.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND SUBSTRING(receipt.receipt_month, 1, LENGTH(cell.period)) = cell.period
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period
),
publication AS (
    SELECT
        event.area_code,
        SUBSTRING(CAST(event.published_on AS STRING), 1, 7) AS published_month,
        ended.working_day_no - begun.working_day_no AS workday_count
    FROM open_whitelist_event AS event
    LEFT JOIN working_day AS begun ON begun.day_on = event.effective_on
    LEFT JOIN working_day AS ended ON ended.day_on = event.published_on
    WHERE event.is_published_in_time IS NOT NULL
),
publications AS (
    SELECT
        cell.area_code,
        cell.period,
        COUNT(publication.workday_count) AS publication_count,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(publication.workday_count AS DECIMAL(18, 4)))
            AS publication_workday_median
    FROM measure_cell AS cell
    INNER JOIN publication
        ON publication.area_code = cell.area_code
        AND SUBSTRING(publication.published_month, 1, LENGTH(cell.period)) = cell.period
    WHERE cell.subdistrict_code = '_T'
    GROUP BY cell.area_code, cell.period
),
first_register AS (
    SELECT source_code, MIN(event_on) AS event_on
    FROM core_filing
    WHERE filing_event_code = 'snapshot'
    GROUP BY source_code
),
stepped AS (
    SELECT
        provider.area_code,
        provider.subdistrict_code,
        provider.valid_from_on,
        provider.filing_status_code,
        provider.is_on_file,
        LAG(provider.is_on_file, 1, first_register.event_on IS NOT NULL) OVER (
            PARTITION BY provider.area_code, provider.provider_id ORDER BY provider.valid_from_on
        ) AS was_on_file
    FROM core_provider AS provider
    LEFT JOIN first_register
        ON first_register.source_code = provider.source_code AND first_register.event_on = provider.valid_from_on
),
turn AS (
    SELECT
        area_code,
        subdistrict_code,
        SUBSTRING(CAST(valid_from_on AS STRING), 1, 7) AS turn_month,
        CASE WHEN is_on_file THEN 'joined' ELSE filing_status_code END AS turn_code,
        COUNT(*) AS turn_count
    FROM stepped
    WHERE is_on_file <> was_on_file
    GROUP BY 1, 2, 3, 4
),
turns AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        SUM(CASE WHEN turn.turn_code = 'joined' THEN turn.turn_count ELSE 0 END) AS joined_count,
        SUM(CASE WHEN turn.turn_code = 'deregistered' THEN turn.turn_count ELSE 0 END) AS deregistered_count,
        SUM(CASE WHEN turn.turn_code = 'removed' THEN turn.turn_count ELSE 0 END) AS removed_count,
        SUM(CASE WHEN turn.turn_code = 'suspended' THEN turn.turn_count ELSE 0 END) AS suspended_count,
        SUM(CASE WHEN turn.turn_code <> 'joined' THEN turn.turn_count ELSE 0 END) AS left_count
    FROM measure_cell AS cell
    INNER JOIN turn
        ON turn.area_code = cell.area_code
        AND (turn.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND SUBSTRING(turn.turn_month, 1, LENGTH(cell.period)) = cell.period
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period
),
plans AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        SUM(target.delivered_by_due_value) AS plan_delivered_total,
        SUM(target.target_value) AS plan_target_total
    FROM measure_cell AS cell
    INNER JOIN measure_plan_target AS target
        ON target.area_code = cell.area_code
        AND (target.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND target.due_on <= cell.measured_on
    WHERE target.delivered_by_due_value IS NOT NULL
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period
)
SELECT
    cell.area_code,
    cell.subdistrict_code,
    cell.period,
    cell.obs_status_code,
    population.resident_count,
    population.under_three_count,
    provider.provider_count,
    provider.place_total,
    provider.enrolling_provider_count,
    provider.enrolling_place_total,
    provider.enrolled_known_count,
    provider.enrolled_total,
    provider.enrolled_place_total,
    station.station_count,
    plans.plan_delivered_total,
    plans.plan_target_total,
    COALESCE(receipts.receipt_count, 0) AS receipt_count,
    COALESCE(receipts.receipt_counted_count, 0) AS receipt_counted_count,
    COALESCE(receipts.receipt_judged_count, 0) AS receipt_judged_count,
    COALESCE(receipts.receipt_in_time_count, 0) AS receipt_in_time_count,
    receipts.receipt_workday_median,
    COALESCE(publications.publication_count, 0) AS publication_count,
    publications.publication_workday_median,
    COALESCE(turns.joined_count, 0) AS joined_count,
    COALESCE(turns.deregistered_count, 0) AS deregistered_count,
    COALESCE(turns.removed_count, 0) AS removed_count,
    COALESCE(turns.suspended_count, 0) AS suspended_count,
    COALESCE(turns.left_count, 0) AS left_count
FROM measure_cell AS cell
LEFT JOIN measure_population AS population
    ON population.area_code = cell.area_code
    AND population.subdistrict_code = cell.subdistrict_code
    AND population.period = cell.period
LEFT JOIN measure_provider_total AS provider
    ON provider.area_code = cell.area_code
    AND provider.subdistrict_code = cell.subdistrict_code
    AND provider.period = cell.period
    AND provider.service_form_code = '_T'
LEFT JOIN measure_station_total AS station
    ON station.area_code = cell.area_code
    AND station.subdistrict_code = cell.subdistrict_code
    AND station.period = cell.period
LEFT JOIN receipts
    ON receipts.area_code = cell.area_code
    AND receipts.subdistrict_code = cell.subdistrict_code
    AND receipts.period = cell.period
LEFT JOIN publications
    ON publications.area_code = cell.area_code
    AND publications.period = cell.period
    AND cell.subdistrict_code = '_T'
LEFT JOIN turns
    ON turns.area_code = cell.area_code
    AND turns.subdistrict_code = cell.subdistrict_code
    AND turns.period = cell.period
LEFT JOIN plans
    ON plans.area_code = cell.area_code
    AND plans.subdistrict_code = cell.subdistrict_code
    AND plans.period = cell.period
