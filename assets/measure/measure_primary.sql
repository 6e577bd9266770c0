-- Numbers that are not published for what they are themselves:
-- small: 1 to k-1 children, adults or households, k being `small_cell_minimum` (without it no such number is published);
--   or a total from which one of those who make it up could bound another's 1 to k-1 into an interval narrower than k;
--   or a total with a provider of 1 to k-1 children that came, moved or became small after a month that is published (of
--   which enrolment, constant between two filings, is known), and after it left a total that was published with it,
--   unless at least three others of its form and subdistrict, with k or more children before or after, changed too;
-- few, dominated: what a survey of fees was told, where respondents are too few or one or two make the sum;
-- kept: withheld in an earlier version, or for the period in an earlier one;
-- told: several make up the total, and it differs by 1 to k-1 from what an earlier version said; of a survey, if
--   answers changed or fewer than three have come.
-- `told_cell` is what the versions so far say of such numbers (quality/disclosure/told.py).
WITH parameter AS (
    SELECT
        MAX(CASE WHEN code = 'small_cell_minimum' THEN value_number END) AS k,
        MAX(CASE WHEN code = 'fee_statistics_min_providers' THEN value_number END) AS respondent_minimum
    FROM profile_parameter_in_force
),
-- visits: a station-month is one cell
visit AS (
    SELECT
        'child_visits' AS protected_measure_code, area_code, subdistrict_code, station_id AS member_code,
        report_month AS period, child_visit_count AS person_count
    FROM core_station_report
    UNION ALL
    SELECT 'adult_visits', area_code, subdistrict_code, station_id, report_month, adult_visit_count
    FROM core_station_report
),
-- guidance: families and home visits of a subdistrict and month stand or fall together
guided AS (
    SELECT 'households' AS counted, area_code, subdistrict_code, report_month, household_count AS n
    FROM core_station_report
    WHERE household_count > 0
    UNION ALL
    SELECT 'visits', area_code, subdistrict_code, report_month, home_visit_count
    FROM core_station_report
    WHERE home_visit_count > 0
),
-- the largest knows its own, and of the others together no one can have more than the rest
guided_small AS (
    SELECT guided.area_code, guided.subdistrict_code, guided.report_month
    FROM guided
    CROSS JOIN parameter
    GROUP BY guided.counted, guided.area_code, guided.subdistrict_code, guided.report_month
    HAVING SUM(guided.n) < MAX(parameter.k)
        OR COUNT(*) > 1
        AND MIN(guided.n) < MAX(parameter.k)
        AND SUM(guided.n) - MAX(guided.n) < MAX(parameter.k)
),
-- enrolment: a subdistrict's providers of one form in one month
month AS (
    SELECT DISTINCT area_code, period, measured_on FROM measure_cell WHERE LENGTH(period) = 7
),
enrolled AS (
    SELECT
        enrolment.area_code,
        enrolment.subdistrict_code,
        enrolment.service_form_code,
        month.period,
        enrolment.enrolled_count AS n,
        enrolment.place_count AS most,
        COALESCE(enrolment.place_count - enrolment.enrolled_count, 0) AS room
    FROM measure_enrolment AS enrolment
    INNER JOIN month
        ON month.area_code = enrolment.area_code
        AND enrolment.valid_from_on <= month.measured_on
        AND (enrolment.valid_to_on IS NULL OR enrolment.valid_to_on > month.measured_on)
),
enrolled_total AS (
    SELECT
        enrolled.area_code,
        enrolled.subdistrict_code,
        enrolled.service_form_code,
        enrolled.period,
        COUNT(*) AS provider_count,
        SUM(enrolled.n) AS total,
        CASE WHEN COUNT(enrolled.most) = COUNT(*) THEN SUM(enrolled.most) END AS most_total,
        MAX(enrolled.n) AS largest,
        MAX(enrolled.room) AS most_room,
        SUM(CASE WHEN enrolled.n > 0 AND enrolled.n < parameter.k THEN 1 ELSE 0 END) AS small_count,
        MAX(CASE WHEN enrolled.n > 0 AND enrolled.n < parameter.k THEN enrolled.most END) AS most_of_small
    FROM enrolled
    CROSS JOIN parameter
    GROUP BY enrolled.area_code, enrolled.subdistrict_code, enrolled.service_form_code, enrolled.period
),
-- those in which anybody may be bounded are few; only of them each provider is looked at beside the others
enrolled_close AS (
    SELECT enrolled_total.*
    FROM enrolled_total
    CROSS JOIN parameter
    WHERE enrolled_total.small_count > 0
        AND (
            enrolled_total.total - enrolled_total.largest < parameter.k
            OR enrolled_total.total - enrolled_total.most_total + enrolled_total.most_of_small
                + enrolled_total.most_room > 0
        )
),
enrolled_beside AS (
    SELECT
        enrolled.*,
        close.total,
        close.most_total,
        ROW_NUMBER() OVER total_row AS nth,
        MAX(enrolled.n) OVER (
            PARTITION BY enrolled.area_code, enrolled.subdistrict_code, enrolled.service_form_code, enrolled.period
        ) AS largest,
        LEAD(enrolled.n) OVER total_row AS second,
        MAX(enrolled.room) OVER (
            PARTITION BY enrolled.area_code, enrolled.subdistrict_code, enrolled.service_form_code, enrolled.period
        ) AS most_room
    FROM enrolled
    INNER JOIN enrolled_close AS close
        ON close.area_code = enrolled.area_code
        AND close.subdistrict_code = enrolled.subdistrict_code
        AND close.service_form_code = enrolled.service_form_code
        AND close.period = enrolled.period
    WINDOW total_row AS (
        PARTITION BY enrolled.area_code, enrolled.subdistrict_code, enrolled.service_form_code, enrolled.period
        ORDER BY enrolled.n DESC, enrolled.most
    )
),
enrolled_bounded AS (
    SELECT
        beside.area_code,
        beside.subdistrict_code,
        beside.service_form_code,
        beside.period,
        beside.n,
        beside.most,
        LEAST(
            beside.total - COALESCE(CASE WHEN beside.nth = 1 THEN beside.second ELSE beside.largest END, 0),
            COALESCE(beside.most, beside.total)
        ) AS upper_bound,
        GREATEST(0, COALESCE(beside.total - beside.most_total + beside.most + beside.most_room, 0)) AS lower_bound
    FROM enrolled_beside AS beside
),
-- one month beside the next: enrolment is constant between filings, so that a provider's coming and going is what a
-- total changes by. Each month is compared with every published one before, told in an earlier version included
told_month AS (
    SELECT DISTINCT area_code, period
    FROM told_cell
    WHERE protected_measure_code = 'enrolled_children' AND NOT is_hidden AND LENGTH(period) = 7
),
dated AS (
    SELECT area_code, period, measured_on FROM month
    UNION
    SELECT
        area_code,
        period,
        LAST_DAY(MAKE_DATE(CAST(SUBSTRING(period, 1, 4) AS INTEGER), CAST(SUBSTRING(period, 6, 2) AS INTEGER), 1))
    FROM told_month
    WHERE CONCAT(area_code, ' ', period) NOT IN (SELECT CONCAT(area_code, ' ', period) FROM month)
),
stay AS (
    SELECT
        enrolment.area_code,
        enrolment.subdistrict_code,
        enrolment.service_form_code,
        enrolment.provider_id,
        dated.period,
        enrolment.enrolled_count AS n
    FROM measure_enrolment AS enrolment
    INNER JOIN dated
        ON dated.area_code = enrolment.area_code
        AND enrolment.valid_from_on <= dated.measured_on
        AND (enrolment.valid_to_on IS NULL OR enrolment.valid_to_on > dated.measured_on)
),
month_pair AS (
    SELECT earlier.area_code, earlier.period AS earlier_period, later.period AS later_period
    FROM dated AS earlier
    INNER JOIN dated AS later ON later.area_code = earlier.area_code AND later.period > earlier.period
),
changed AS (
    SELECT
        stay.area_code, stay.subdistrict_code, stay.service_form_code, pair.earlier_period, pair.later_period,
        COALESCE(before.n, 0) AS n_before, stay.n AS n_after
    FROM stay
    INNER JOIN month_pair AS pair ON pair.area_code = stay.area_code AND pair.later_period = stay.period
    LEFT JOIN stay AS before
        ON before.area_code = stay.area_code
        AND before.subdistrict_code = stay.subdistrict_code
        AND before.service_form_code = stay.service_form_code
        AND before.provider_id = stay.provider_id
        AND before.period = pair.earlier_period
    WHERE COALESCE(before.n, 0) <> stay.n
    UNION ALL
    SELECT
        stay.area_code, stay.subdistrict_code, stay.service_form_code, pair.earlier_period, pair.later_period,
        stay.n, 0
    FROM stay
    INNER JOIN month_pair AS pair ON pair.area_code = stay.area_code AND pair.earlier_period = stay.period
    LEFT JOIN stay AS after
        ON after.area_code = stay.area_code
        AND after.subdistrict_code = stay.subdistrict_code
        AND after.service_form_code = stay.service_form_code
        AND after.provider_id = stay.provider_id
        AND after.period = pair.later_period
    WHERE after.n IS NULL AND stay.n > 0
),
turned AS (
    SELECT
        changed.area_code,
        changed.subdistrict_code,
        changed.service_form_code,
        changed.earlier_period,
        changed.later_period,
        MAX(CASE WHEN n_after > 0 AND n_after < k AND (n_before = 0 OR n_before >= k) THEN 1 ELSE 0 END) AS has_come,
        MAX(CASE WHEN n_before > 0 AND n_before < k AND (n_after = 0 OR n_after >= k) THEN 1 ELSE 0 END) AS has_gone
    FROM changed
    CROSS JOIN parameter
    GROUP BY
        changed.area_code, changed.subdistrict_code, changed.service_form_code, changed.earlier_period,
        changed.later_period
    HAVING SUM(CASE WHEN (n_before = 0 OR n_before >= k) AND (n_after = 0 OR n_after >= k) THEN 1 ELSE 0 END) < 3
),
come AS (
    SELECT DISTINCT area_code, subdistrict_code, service_form_code, later_period AS period
    FROM turned
    WHERE has_come = 1
),
carried AS (
    SELECT area_code, subdistrict_code, service_form_code, period FROM come
    UNION
    SELECT turned.area_code, turned.subdistrict_code, turned.service_form_code, turned.later_period
    FROM turned
    LEFT JOIN come
        ON come.area_code = turned.area_code
        AND come.subdistrict_code = turned.subdistrict_code
        AND come.service_form_code = turned.service_form_code
        AND come.period = turned.earlier_period
    WHERE turned.has_gone = 1 AND come.period IS NULL
),
-- what is said now of a total that several make up, beside what was said of it
said_now AS (
    SELECT
        'guided_households' AS protected_measure_code, area_code, subdistrict_code, '_T' AS service_form_code,
        guidance_mode_code AS member_code, report_month AS period, household_total AS value_now,
        session_total AS other_now
    FROM measure_guidance_total
    WHERE guidance_mode_code = 'home_visit'
    UNION ALL
    SELECT
        'enrolled_children', area_code, subdistrict_code, service_form_code, '_T', period, total, CAST(NULL AS BIGINT)
    FROM enrolled_total
    WHERE provider_count > 1
),
surveyed AS (
    SELECT
        statistics.*,
        CONCAT_WS('|', class_type_code, service_mode_code, fee_item_code, inclusive_code) AS member_code
    FROM measure_fee_statistics AS statistics
    WHERE collection_basis_code = 'statistical_survey'
),
found AS (
    SELECT
        visit.protected_measure_code, visit.area_code, visit.subdistrict_code, '_T' AS service_form_code,
        visit.member_code, visit.period, 'small' AS withheld_reason_code
    FROM visit
    CROSS JOIN parameter
    WHERE parameter.k IS NULL OR visit.person_count > 0 AND visit.person_count < parameter.k
    UNION ALL
    SELECT 'guided_households', area_code, subdistrict_code, '_T', 'home_visit', report_month, 'small'
    FROM guided_small
    UNION ALL
    SELECT 'enrolled_children', enrolled_total.area_code, subdistrict_code, service_form_code, '_T', period, 'small'
    FROM enrolled_total
    CROSS JOIN parameter
    WHERE total > 0 AND total < parameter.k
    UNION ALL
    SELECT 'enrolled_children', bounded.area_code, subdistrict_code, service_form_code, '_T', period, 'small'
    FROM enrolled_bounded AS bounded
    CROSS JOIN parameter
    WHERE bounded.n > 0
        AND bounded.n < parameter.k
        AND bounded.upper_bound - bounded.lower_bound < LEAST(parameter.k, COALESCE(bounded.most, parameter.k))
    UNION ALL
    SELECT DISTINCT
        'enrolled_children',
        carried.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE carried.subdistrict_code END,
        CASE WHEN level.form = 'all' THEN '_T' ELSE carried.service_form_code END,
        '_T',
        carried.period,
        'small'
    FROM carried
    INNER JOIN month ON month.area_code = carried.area_code AND month.period = carried.period
    CROSS JOIN (
        SELECT place, form FROM (VALUES ('all', 'all'), ('all', 'one'), ('one', 'all'), ('one', 'one'))
            AS pair (place, form)
    ) AS level
    UNION ALL
    -- without k nothing that counts people
    SELECT 'guided_households', area_code, subdistrict_code, '_T', guidance_mode_code, report_month, 'small'
    FROM measure_guidance_total
    CROSS JOIN parameter
    WHERE parameter.k IS NULL
    UNION ALL
    SELECT measure.code, cell.area_code, cell.subdistrict_code, form.code, '_T', cell.period, 'small'
    FROM measure_cell AS cell
    CROSS JOIN parameter
    INNER JOIN profile_codelist AS measure
        ON measure.list_name = 'protected_measure' AND measure.code <> 'survey_fee'
    INNER JOIN (
        SELECT code FROM profile_codelist WHERE list_name = 'service_form' UNION SELECT '_T' AS code FROM parameter
    ) AS form
        ON form.code = '_T' OR measure.code = 'enrolled_children'
    WHERE parameter.k IS NULL
    UNION ALL
    SELECT
        'survey_fee', area_code, subdistrict_code, service_form_code, member_code, survey_month, withheld_reason_code
    FROM surveyed
    WHERE withheld_reason_code IS NOT NULL
    UNION ALL
    SELECT
        told.protected_measure_code, told.area_code, visit.subdistrict_code, '_T', told.member_code, told.period,
        'kept'
    FROM told_cell AS told
    INNER JOIN visit
        ON visit.protected_measure_code = told.protected_measure_code
        AND visit.area_code = told.area_code
        AND visit.member_code = told.member_code
        AND visit.period = told.period
    WHERE told.is_hidden
    UNION ALL
    SELECT
        protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period, 'kept'
    FROM told_cell
    WHERE is_hidden
    UNION ALL
    SELECT
        said_now.protected_measure_code, said_now.area_code, said_now.subdistrict_code, said_now.service_form_code,
        said_now.member_code, said_now.period, 'told'
    FROM said_now
    CROSS JOIN parameter
    INNER JOIN told_cell AS told
        ON told.protected_measure_code = said_now.protected_measure_code
        AND told.area_code = said_now.area_code
        AND told.subdistrict_code = said_now.subdistrict_code
        AND told.service_form_code = said_now.service_form_code
        AND told.member_code = said_now.member_code
        AND told.period = said_now.period
    WHERE NOT told.is_hidden
        AND (
            ABS(said_now.value_now - told.told_value) BETWEEN 0.5 AND parameter.k - 0.5
            OR ABS(said_now.other_now - told.other_value) BETWEEN 0.5 AND parameter.k - 0.5
        )
    UNION ALL
    SELECT
        'survey_fee', surveyed.area_code, surveyed.subdistrict_code, surveyed.service_form_code,
        surveyed.member_code, surveyed.survey_month, 'told'
    FROM surveyed
    CROSS JOIN parameter
    INNER JOIN told_cell AS told
        ON told.protected_measure_code = 'survey_fee'
        AND told.area_code = surveyed.area_code
        AND told.subdistrict_code = surveyed.subdistrict_code
        AND told.service_form_code = surveyed.service_form_code
        AND told.member_code = surveyed.member_code
        AND told.period = surveyed.survey_month
    WHERE NOT told.is_hidden
        AND surveyed.provider_count < told.respondent_count + parameter.respondent_minimum
        AND (
            surveyed.provider_count <> told.respondent_count
            OR ABS(surveyed.monthly_amount_mean - told.mean_amount) > 0.005
            OR ABS(surveyed.monthly_amount_median - told.median_amount) > 0.005
            OR ABS(surveyed.monthly_amount_min - told.min_amount) > 0.005
            OR ABS(surveyed.monthly_amount_p25 - told.p25_amount) > 0.005
            OR ABS(surveyed.monthly_amount_p75 - told.p75_amount) > 0.005
            OR ABS(surveyed.monthly_amount_max - told.max_amount) > 0.005
            OR surveyed.above_cap_count <> told.above_cap_count
        )
),
ranked AS (
    SELECT
        found.*,
        ROW_NUMBER() OVER (
            PARTITION BY protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period
            ORDER BY
                CASE withheld_reason_code
                    WHEN 'small' THEN 1 WHEN 'few' THEN 2 WHEN 'dominated' THEN 3 WHEN 'told' THEN 4 ELSE 5
                END
        ) AS nth
    FROM found
)
SELECT
    protected_measure_code,
    area_code,
    subdistrict_code,
    service_form_code,
    member_code,
    period,
    withheld_reason_code
FROM ranked
WHERE nth = 1
