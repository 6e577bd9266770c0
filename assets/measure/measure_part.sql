-- What the cells are made of that hang together with a withheld one, for the choice of complements: of the visits of an
-- area and year the stations that have a withheld month and a few beside them, of the enrolment of an area all providers
-- of each month (what one month shows is known in the next), of a survey all answers about one item. Of many parts of a cell the largest stand alone, as each of them
-- knows its own, and the rest together. Families guided and visits to them are two aspects of one cell.
WITH hidden AS (
    SELECT DISTINCT
        protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period
    FROM measure_primary
),
visit_system AS (
    SELECT DISTINCT area_code, SUBSTRING(period, 1, 4) AS report_year
    FROM hidden
    WHERE protected_measure_code = 'child_visits'
),
station AS (
    SELECT
        report.area_code,
        visit_system.report_year,
        report.subdistrict_code,
        report.station_id,
        COUNT(hidden.period) AS hidden_count,
        COUNT(*) AS report_count,
        SUM(report.child_visit_count) AS visit_total
    FROM core_station_report AS report
    INNER JOIN visit_system
        ON visit_system.area_code = report.area_code
        AND visit_system.report_year = SUBSTRING(report.report_month, 1, 4)
    LEFT JOIN hidden
        ON hidden.protected_measure_code = 'child_visits'
        AND hidden.area_code = report.area_code
        AND hidden.member_code = report.station_id
        AND hidden.period = report.report_month
    GROUP BY report.area_code, visit_system.report_year, report.subdistrict_code, report.station_id
),
station_ranked AS (
    SELECT
        station.*,
        ROW_NUMBER() OVER (
            PARTITION BY area_code, report_year, subdistrict_code
            ORDER BY CASE WHEN hidden_count > 0 THEN 0 ELSE 1 END, report_count DESC, visit_total, station_id
        ) AS nth
    FROM station
),
month AS (
    SELECT DISTINCT cell.area_code, cell.period, cell.measured_on
    FROM measure_cell AS cell
    INNER JOIN hidden
        ON hidden.protected_measure_code = 'enrolled_children'
        AND hidden.area_code = cell.area_code
    WHERE LENGTH(cell.period) = 7
),
guidance_system AS (
    SELECT DISTINCT area_code, SUBSTRING(period, 1, 4) AS report_year
    FROM hidden
    WHERE protected_measure_code = 'guided_households'
),
guided AS (
    SELECT area_code, subdistrict_code, report_month, station_id, 1 AS aspect_no, household_count AS n
    FROM core_station_report
    WHERE household_count IS NOT NULL
    UNION ALL
    SELECT area_code, subdistrict_code, report_month, station_id, 2, home_visit_count
    FROM core_station_report
    WHERE home_visit_count IS NOT NULL
),
item AS (
    SELECT DISTINCT
        statistics.area_code, statistics.class_type_code, statistics.service_mode_code, statistics.fee_item_code,
        statistics.survey_month
    FROM measure_fee_statistics AS statistics
    INNER JOIN hidden
        ON hidden.protected_measure_code = 'survey_fee'
        AND hidden.area_code = statistics.area_code
        AND hidden.period = statistics.survey_month
        AND hidden.member_code = CONCAT_WS(
            '|', statistics.class_type_code, statistics.service_mode_code, statistics.fee_item_code,
            statistics.inclusive_code
        )
    WHERE statistics.collection_basis_code = 'statistical_survey'
),
part AS (
    SELECT
        'child_visits' AS protected_measure_code,
        report.area_code,
        report.subdistrict_code,
        '_T' AS service_form_code,
        report.station_id AS member_code,
        report.report_month AS period,
        1 AS aspect_no,
        report.station_id AS part_code,
        CAST(report.child_visit_count AS DECIMAL(18, 2)) AS part_value,
        CASE WHEN report.open_day_count = 0 THEN CAST(0 AS DECIMAL(18, 2)) END AS part_maximum
    FROM core_station_report AS report
    INNER JOIN station_ranked
        ON station_ranked.area_code = report.area_code
        AND station_ranked.report_year = SUBSTRING(report.report_month, 1, 4)
        AND station_ranked.subdistrict_code = report.subdistrict_code
        AND station_ranked.station_id = report.station_id
    WHERE station_ranked.hidden_count > 0 OR station_ranked.nth <= 6
    UNION ALL
    SELECT
        'guided_households',
        guided.area_code,
        guided.subdistrict_code,
        '_T',
        'home_visit',
        guided.report_month,
        guided.aspect_no,
        guided.station_id,
        CAST(guided.n AS DECIMAL(18, 2)),
        CAST(NULL AS DECIMAL(18, 2))
    FROM guided
    INNER JOIN guidance_system
        ON guidance_system.area_code = guided.area_code
        AND guidance_system.report_year = SUBSTRING(guided.report_month, 1, 4)
    UNION ALL
    SELECT
        'enrolled_children',
        enrolment.area_code,
        enrolment.subdistrict_code,
        enrolment.service_form_code,
        '_T',
        month.period,
        1,
        enrolment.provider_id,
        CAST(enrolment.enrolled_count AS DECIMAL(18, 2)),
        CAST(enrolment.place_count AS DECIMAL(18, 2))
    FROM measure_enrolment AS enrolment
    INNER JOIN month
        ON month.area_code = enrolment.area_code
        AND enrolment.valid_from_on <= month.measured_on
        AND (enrolment.valid_to_on IS NULL OR enrolment.valid_to_on > month.measured_on)
    UNION ALL
    SELECT
        'survey_fee',
        answer.area_code,
        answer.subdistrict_code,
        answer.service_form_code,
        CONCAT_WS(
            '|', answer.class_type_code, answer.service_mode_code, answer.fee_item_code, answer.inclusive_code
        ),
        answer.survey_month,
        1,
        answer.provider_id,
        answer.monthly_amount,
        CAST(NULL AS DECIMAL(18, 2))
    FROM measure_fee_answer AS answer
    INNER JOIN item
        ON item.area_code = answer.area_code
        AND item.class_type_code = answer.class_type_code
        AND item.service_mode_code = answer.service_mode_code
        AND item.fee_item_code = answer.fee_item_code
        AND item.survey_month = answer.survey_month
    WHERE answer.collection_basis_code = 'statistical_survey'
),
ranked AS (
    SELECT
        part.*,
        CASE
            WHEN ROW_NUMBER() OVER (
                PARTITION BY
                    protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period,
                    aspect_no
                ORDER BY part_value DESC, part_code
            ) <= 8 THEN part_code
            ELSE '_rest'
        END AS shown_part_code
    FROM part
)
SELECT
    protected_measure_code,
    area_code,
    subdistrict_code,
    service_form_code,
    member_code,
    period,
    aspect_no,
    shown_part_code AS part_code,
    SUM(part_value) AS part_value,
    CASE WHEN COUNT(part_maximum) = COUNT(*) THEN SUM(part_maximum) END AS part_maximum,
    COUNT(*) AS part_count
FROM ranked
GROUP BY
    protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period, aspect_no,
    shown_part_code
