-- Indicators of each month of the last three years, measured on its last day (the running month on the day of the
-- run: provisional), for the whole area `_T` and each subdistrict. Every cell has its row: what cannot be computed
-- is `m` (an input was never received) or `n` (nothing to divide by), what must not be published is `c`.
-- Providers count while filed or changed. Residents are the latest count by that day. The care fee is the mean a
-- provider posts for full-day care; survey answers are in open_fee_statistics. Visits are kept back where a single
-- station's are: the mean and the other stations would give them away.
WITH back AS (
    SELECT n FROM (VALUES
        (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11),
        (12), (13), (14), (15), (16), (17), (18), (19), (20), (21), (22), (23),
        (24), (25), (26), (27), (28), (29), (30), (31), (32), (33), (34), (35)
    ) AS step (n)
),
month AS (
    SELECT
        SUBSTRING(CAST(stamp.month_end AS STRING), 1, 7) AS period_month,
        LEAST(stamp.month_end, stamp.as_of_on) AS measured_on,
        CASE WHEN stamp.month_end <= stamp.as_of_on THEN 'a' ELSE 'p' END AS measured_status
    FROM (
        SELECT
            numbered.as_of_on,
            LAST_DAY(MAKE_DATE(
                CAST(FLOOR(numbered.month_no / 12) AS INTEGER), CAST(numbered.month_no % 12 AS INTEGER) + 1, 1
            )) AS month_end
        FROM (
            SELECT run.as_of_on, YEAR(run.as_of_on) * 12 + MONTH(run.as_of_on) - 1 - back.n AS month_no
            FROM profile_run AS run
            CROSS JOIN back
        ) AS numbered
    ) AS stamp
),
started AS (
    SELECT fact.area_code, MIN(fact.fact_month) AS first_month
    FROM (
        SELECT area_code, SUBSTRING(CAST(event_on AS STRING), 1, 7) AS fact_month FROM core_filing
        UNION ALL
        SELECT area_code, report_month FROM core_station_report
    ) AS fact
    GROUP BY fact.area_code
),
place AS (
    SELECT area_code, subdistrict_code FROM core_subdistrict
    UNION
    SELECT area_code, '_T' FROM started
),
cell AS (
    SELECT place.area_code, place.subdistrict_code, month.period_month, month.measured_on, month.measured_status
    FROM place
    INNER JOIN started ON started.area_code = place.area_code
    INNER JOIN month ON month.period_month >= started.first_month
),
-- supply
provider_month AS (
    SELECT
        provider.area_code,
        provider.provider_id,
        provider.subdistrict_code,
        provider.service_form_code,
        COALESCE(provider.place_count, 0) AS place_count,
        provider.is_inclusive,
        month.period_month,
        month.measured_on
    FROM core_provider AS provider
    INNER JOIN month
        ON provider.valid_from_on <= month.measured_on
        AND (provider.valid_to_on IS NULL OR provider.valid_to_on > month.measured_on)
    WHERE provider.is_on_file
),
supply_part AS (
    SELECT
        area_code,
        subdistrict_code,
        service_form_code,
        period_month,
        COUNT(*) AS provider_count,
        SUM(place_count) AS place_total,
        SUM(CASE WHEN is_inclusive THEN place_count ELSE 0 END) AS inclusive_total,
        COUNT(is_inclusive) AS known_count
    FROM provider_month
    GROUP BY area_code, subdistrict_code, service_form_code, period_month
),
supply_form AS (
    SELECT area_code, subdistrict_code, service_form_code, period_month, SUM(place_total) AS place_total
    FROM (
        SELECT area_code, subdistrict_code, service_form_code, period_month, place_total FROM supply_part
        UNION ALL
        SELECT area_code, '_T', service_form_code, period_month, place_total FROM supply_part
    ) AS part
    GROUP BY area_code, subdistrict_code, service_form_code, period_month
),
supply AS (
    SELECT
        area_code,
        subdistrict_code,
        period_month,
        SUM(provider_count) AS provider_count,
        SUM(place_total) AS place_total,
        SUM(inclusive_total) AS inclusive_total,
        SUM(known_count) AS known_count
    FROM (
        SELECT
            area_code, subdistrict_code, period_month, provider_count, place_total, inclusive_total, known_count
        FROM supply_part
        UNION ALL
        SELECT area_code, '_T', period_month, provider_count, place_total, inclusive_total, known_count
        FROM supply_part
    ) AS part
    GROUP BY area_code, subdistrict_code, period_month
),
-- population
counted AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period_month,
        population.age_band_code,
        population.person_count,
        ROW_NUMBER() OVER (
            PARTITION BY cell.area_code, cell.subdistrict_code, cell.period_month, population.age_band_code
            ORDER BY population.counted_on DESC
        ) AS nth
    FROM cell
    INNER JOIN core_population AS population
        ON population.area_code = cell.area_code
        AND population.subdistrict_code = cell.subdistrict_code
        AND population.counted_on <= cell.measured_on
    WHERE population.population_type_code = 'resident' AND population.age_band_code IN ('all_ages', 'total_u3')
),
people AS (
    SELECT
        area_code,
        subdistrict_code,
        period_month,
        MAX(CASE WHEN age_band_code = 'all_ages' THEN person_count END) AS resident_count,
        MAX(CASE WHEN age_band_code = 'total_u3' THEN person_count END) AS under_three_count
    FROM counted
    WHERE nth = 1
    GROUP BY area_code, subdistrict_code, period_month
),
-- fees
parameter AS (
    SELECT
        MAX(CASE WHEN code = 'fee_statistics_min_providers' THEN value_number END) AS median_minimum,
        MAX(CASE WHEN code = 'small_cell_minimum' THEN value_number END) AS small_cell_minimum
    FROM profile_parameter_in_force
),
care_fee AS (
    SELECT
        provider.area_code,
        provider.subdistrict_code,
        provider.period_month,
        provider.provider_id,
        CAST(SUM(quote.monthly_amount) / COUNT(*) AS DECIMAL(18, 4)) AS monthly_amount
    FROM provider_month AS provider
    CROSS JOIN profile_run AS run
    INNER JOIN core_fee_quote AS quote
        ON quote.area_code = provider.area_code
        AND quote.provider_id = provider.provider_id
        AND quote.observed_on <= provider.measured_on
        AND quote.valid_from_on <= provider.measured_on
        AND (quote.valid_to_on IS NULL OR quote.valid_to_on > provider.measured_on)
    WHERE quote.fee_item_code = 'care'
        AND quote.service_mode_code = 'full_day'
        AND quote.collection_basis_code IN ('posted_price', 'catalogue_list')
        AND quote.monthly_amount IS NOT NULL
        AND quote.currency_code = COALESCE(run.currency_code, quote.currency_code)
    GROUP BY provider.area_code, provider.subdistrict_code, provider.period_month, provider.provider_id
),
fee AS (
    SELECT
        area_code,
        subdistrict_code,
        period_month,
        COUNT(*) AS fee_provider_count,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY monthly_amount) AS fee_median
    FROM (
        SELECT area_code, subdistrict_code, period_month, monthly_amount FROM care_fee
        UNION ALL
        SELECT area_code, '_T', period_month, monthly_amount FROM care_fee
    ) AS part
    GROUP BY area_code, subdistrict_code, period_month
),
-- stations
station AS (
    SELECT cell.area_code, cell.subdistrict_code, cell.period_month, COUNT(*) AS station_count
    FROM cell
    INNER JOIN core_station AS station
        ON station.area_code = cell.area_code
        AND (station.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND station.opened_on <= cell.measured_on
        AND (station.closed_on IS NULL OR station.closed_on > cell.measured_on)
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period_month
),
activity AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period_month,
        COUNT(*) AS report_count,
        SUM(report.activity_count) AS activity_total,
        SUM(report.open_day_count) AS open_day_total,
        SUM(report.child_visit_count) AS visit_total,
        MAX(CASE
            WHEN parameter.small_cell_minimum IS NULL THEN 1
            WHEN report.child_visit_count > 0 AND report.child_visit_count < parameter.small_cell_minimum THEN 1
            WHEN report.adult_visit_count > 0 AND report.adult_visit_count < parameter.small_cell_minimum THEN 1
            ELSE 0
        END) AS hides_visits
    FROM cell
    CROSS JOIN parameter
    INNER JOIN core_station_report AS report
        ON report.area_code = cell.area_code
        AND (report.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND report.report_month = cell.period_month
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period_month
),
plan AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period_month,
        SUM(target.delivered_by_due_value) AS delivered_total,
        SUM(target.target_value) AS target_total
    FROM cell
    INNER JOIN open_plan_progress AS target
        ON target.area_code = cell.area_code
        AND (target.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND target.due_on <= cell.measured_on
    WHERE target.delivered_by_due_value IS NOT NULL
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period_month
),
measure AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period_month,
        cell.measured_status,
        COALESCE(supply.provider_count, 0) AS provider_count,
        COALESCE(supply.place_total, 0) AS place_total,
        CASE WHEN COALESCE(supply.provider_count, 0) = 0 OR supply.known_count > 0
            THEN COALESCE(supply.inclusive_total, 0) END AS inclusive_total,
        people.resident_count,
        people.under_three_count,
        COALESCE(fee.fee_provider_count, 0) AS fee_provider_count,
        CASE WHEN fee.fee_provider_count >= parameter.median_minimum THEN fee.fee_median END AS fee_median,
        CONCAT(LOWER(COALESCE(run.currency_code, 'CNY')), '_per_month') AS fee_unit_code,
        COALESCE(station.station_count, 0) AS station_count,
        activity.report_count,
        activity.activity_total,
        activity.open_day_total,
        activity.visit_total,
        activity.hides_visits,
        plan.delivered_total,
        plan.target_total
    FROM cell
    CROSS JOIN parameter
    CROSS JOIN profile_run AS run
    LEFT JOIN supply
        ON supply.area_code = cell.area_code
        AND supply.subdistrict_code = cell.subdistrict_code
        AND supply.period_month = cell.period_month
    LEFT JOIN people
        ON people.area_code = cell.area_code
        AND people.subdistrict_code = cell.subdistrict_code
        AND people.period_month = cell.period_month
    LEFT JOIN fee
        ON fee.area_code = cell.area_code
        AND fee.subdistrict_code = cell.subdistrict_code
        AND fee.period_month = cell.period_month
    LEFT JOIN station
        ON station.area_code = cell.area_code
        AND station.subdistrict_code = cell.subdistrict_code
        AND station.period_month = cell.period_month
    LEFT JOIN activity
        ON activity.area_code = cell.area_code
        AND activity.subdistrict_code = cell.subdistrict_code
        AND activity.period_month = cell.period_month
    LEFT JOIN plan
        ON plan.area_code = cell.area_code
        AND plan.subdistrict_code = cell.subdistrict_code
        AND plan.period_month = cell.period_month
),
-- one line an indicator: value, and the status that says why there is none
valued AS (
    SELECT
        'IND-01' AS indicator_code,
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(provider_count AS DECIMAL(18, 4)) AS indicator_value,
        'institution' AS unit_code,
        CAST(NULL AS STRING) AS empty_status
    FROM measure
    UNION ALL
    SELECT
        'IND-02',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(place_total AS DECIMAL(18, 4)),
        'place',
        CAST(NULL AS STRING)
    FROM measure
    UNION ALL
    SELECT
        'IND-03',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(place_total * 1000.0 / NULLIF(resident_count, 0) AS DECIMAL(18, 4)),
        'per_1000',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-03b',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(place_total * 1000.0 / NULLIF(under_three_count, 0) AS DECIMAL(18, 4)),
        'per_1000',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-04',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(inclusive_total AS DECIMAL(18, 4)),
        'place',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-05',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(inclusive_total * 100.0 / NULLIF(place_total, 0) AS DECIMAL(18, 4)),
        'percent',
        CASE WHEN place_total = 0 THEN 'n' ELSE 'm' END
    FROM measure
    UNION ALL
    SELECT
        'IND-09',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(place_total * 1.0 / NULLIF(provider_count, 0) AS DECIMAL(18, 4)),
        'place',
        'n'
    FROM measure
    UNION ALL
    SELECT
        'IND-10',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(fee_median AS DECIMAL(18, 4)),
        fee_unit_code,
        CASE WHEN fee_provider_count = 0 THEN 'm' ELSE 'c' END
    FROM measure
    UNION ALL
    SELECT
        'IND-20',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(delivered_total * 100.0 / NULLIF(target_total, 0) AS DECIMAL(18, 4)),
        'percent',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-20.stations',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(station_count AS DECIMAL(18, 4)),
        'station',
        CAST(NULL AS STRING)
    FROM measure
    UNION ALL
    SELECT
        'IND-22',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(station_count * 1000.0 / NULLIF(under_three_count, 0) AS DECIMAL(18, 4)),
        'per_1000',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-23.activities',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(activity_total * 1.0 / report_count AS DECIMAL(18, 4)),
        'count',
        'm'
    FROM measure
    UNION ALL
    SELECT
        'IND-23.visits',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(CASE WHEN hides_visits = 0 THEN visit_total * 1.0 / report_count END AS DECIMAL(18, 4)),
        'visit',
        CASE WHEN hides_visits = 1 THEN 'c' ELSE 'm' END
    FROM measure
    UNION ALL
    SELECT
        'IND-23.open_days',
        area_code,
        subdistrict_code,
        period_month,
        measured_status,
        CAST(open_day_total * 1.0 / report_count AS DECIMAL(18, 4)),
        'day',
        'm'
    FROM measure
    UNION ALL
    SELECT
        indicator.code,
        cell.area_code,
        cell.subdistrict_code,
        cell.period_month,
        cell.measured_status,
        CAST(COALESCE(supply_form.place_total, 0) AS DECIMAL(18, 4)),
        'place',
        CAST(NULL AS STRING)
    FROM cell
    INNER JOIN profile_codelist AS form ON form.list_name = 'service_form'
    INNER JOIN profile_codelist AS indicator
        ON indicator.list_name = 'indicator' AND indicator.code = CONCAT('IND-06.', form.code)
    LEFT JOIN supply_form
        ON supply_form.area_code = cell.area_code
        AND supply_form.subdistrict_code = cell.subdistrict_code
        AND supply_form.period_month = cell.period_month
        AND supply_form.service_form_code = form.code
)
SELECT
    indicator_code,
    area_code,
    subdistrict_code,
    period_month,
    indicator_value,
    unit_code,
    CASE WHEN indicator_value IS NULL THEN empty_status ELSE measured_status END AS obs_status_code,
    '1' AS definition_version
FROM valued
