-- Every number that is not published, and why: those withheld for what they are, and those from which they would follow
-- (`chosen_complement`, by optimisation: quality/disclosure/). A year's enrolment is that of its last month.
WITH withheld AS (
    SELECT
        protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period,
        withheld_reason_code, 1 AS rank_no
    FROM measure_primary
    UNION ALL
    SELECT
        protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period,
        withheld_reason_code, 2
    FROM chosen_complement
),
spread AS (
    SELECT * FROM withheld
    UNION ALL
    SELECT
        protected_measure_code, area_code, subdistrict_code, service_form_code, member_code,
        SUBSTRING(period, 1, 4), withheld_reason_code, rank_no + 2
    FROM withheld
    WHERE protected_measure_code = 'enrolled_children' AND SUBSTRING(period, 6, 2) = '12'
),
ranked AS (
    SELECT
        spread.*,
        ROW_NUMBER() OVER (
            PARTITION BY protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period
            ORDER BY rank_no, withheld_reason_code
        ) AS nth
    FROM spread
)
SELECT
    ranked.protected_measure_code,
    ranked.area_code,
    ranked.subdistrict_code,
    ranked.service_form_code,
    ranked.member_code,
    ranked.period,
    ranked.withheld_reason_code
FROM ranked
WHERE ranked.nth = 1
