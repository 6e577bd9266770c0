-- Statistics of what providers asked for, by subdistrict, form and inclusive or not, and all of each (`_T`), before
-- disclosure control. Of posted prices minimum, quartiles and maximum are the usual ones, interpolated. Of what a
-- survey was told they are taken from means of three neighbouring answers, so that none of them is one respondent's
-- own (Statistics Law Art. 28): the same position, kept one place from either end, in the row of those means. Of up to
-- five answers the median is the mean of all, so that such cells add up and complements can be chosen for them (`FEW` in
-- quality/disclosure/told.py says the same of every version ever published: no dated parameter may change it). Of more
-- they are rounded to two digits of the median (2980 to 3000), the minimum down and the maximum up: who knew the order
-- of all answers in all cells could else solve for some of them.
-- `withheld_reason_code`: why nothing but the count of such a cell may be published, whatever else is: fewer
-- respondents than the minimum, or one or two that nearly make the sum (`fee_dominance_share_max` of the first,
-- `fee_dominance_two_share_max` of two, or the others are less than `fee_p_percent` of the first). Other bases than
-- posting, catalogue and survey are neither public nor asked for a statistic: only counted.
-- A cap is compared with the inclusive providers' amounts where it holds for the whole month and can be said by the
-- month with the factors that fees have.
WITH parameter AS (
    SELECT
        MAX(CASE WHEN code = 'fee_statistics_min_providers' THEN value_number END) AS provider_minimum,
        MAX(CASE WHEN code = 'fee_dominance_share_max' THEN value_number END) AS share_maximum,
        MAX(CASE WHEN code = 'fee_dominance_two_share_max' THEN value_number END) AS two_share_maximum,
        MAX(CASE WHEN code = 'fee_p_percent' THEN value_number END) AS p_percent
    FROM profile_parameter_in_force
),
asked AS (
    SELECT
        measure_fee_answer.*,
        CASE WHEN collection_basis_code IN ('posted_price', 'catalogue_list') THEN 1 ELSE 0 END AS is_public_no,
        CASE WHEN is_derived THEN 1 ELSE 0 END AS derived_no
    FROM measure_fee_answer
),
by_place AS (
    SELECT asked.*, subdistrict_code AS of_subdistrict FROM asked
    UNION ALL
    SELECT asked.*, '_T' FROM asked
),
by_form AS (
    SELECT by_place.*, service_form_code AS of_form FROM by_place
    UNION ALL
    SELECT by_place.*, '_T' FROM by_place
),
grouped AS (
    SELECT by_form.*, inclusive_code AS of_inclusive FROM by_form
    UNION ALL
    SELECT by_form.*, '_T' FROM by_form
),
-- caps by the month of a survey
survey AS (
    SELECT DISTINCT
        area_code,
        class_type_code,
        service_mode_code,
        fee_item_code,
        survey_month,
        currency_code,
        CAST(CONCAT(survey_month, '-01') AS DATE) AS month_start
    FROM asked
),
cap_factor AS (
    SELECT
        survey.*,
        cap.cap_amount,
        cap.fee_unit_code,
        workday.value_number AS workday_count,
        ROW_NUMBER() OVER (
            PARTITION BY
                survey.area_code, survey.class_type_code, survey.service_mode_code, survey.fee_item_code,
                survey.survey_month, survey.currency_code
            ORDER BY
                CASE WHEN cap.class_type_code = 'any' THEN 1 ELSE 0 END,
                CASE WHEN cap.service_mode_code = 'any' THEN 1 ELSE 0 END,
                cap.valid_from_on DESC,
                workday.valid_from_on DESC,
                workday.source
        ) AS nth
    FROM survey
    INNER JOIN core_price_cap AS cap
        ON cap.area_code = survey.area_code
        AND cap.fee_item_code = survey.fee_item_code
        AND cap.class_type_code IN (survey.class_type_code, 'any')
        AND cap.service_mode_code IN (survey.service_mode_code, 'any')
        AND cap.currency_code = survey.currency_code
        AND cap.valid_from_on <= survey.month_start
        AND (cap.valid_to_on IS NULL OR cap.valid_to_on >= LAST_DAY(survey.month_start))
    LEFT JOIN profile_parameter AS workday
        ON workday.code = 'workdays_per_month'
        AND COALESCE(workday.valid_from_on, DATE '1900-01-01') <= survey.month_start
        AND COALESCE(workday.valid_to_on, DATE '9999-12-31') >= survey.month_start
),
cap AS (
    SELECT
        area_code,
        class_type_code,
        service_mode_code,
        fee_item_code,
        survey_month,
        currency_code,
        ROUND(CAST(CASE
            WHEN fee_unit_code = 'per_month' THEN cap_amount
            WHEN fee_unit_code = 'per_year' THEN cap_amount / 12
            WHEN fee_unit_code = 'per_day' AND service_mode_code IN ('full_day', 'half_day', 'any')
                THEN cap_amount * workday_count
        END AS DECIMAL(18, 6)), 2) AS cap_monthly_amount
    FROM cap_factor
    WHERE nth = 1
),
-- each answer at its place in the row of its cell, and the amount that counts there, times three
placed AS (
    SELECT
        grouped.*,
        ROW_NUMBER() OVER cell_row AS nth,
        COUNT(*) OVER cell AS answer_count,
        CASE
            WHEN is_public_no = 1 THEN 3 * monthly_amount
            ELSE LAG(monthly_amount) OVER cell_row + monthly_amount + LEAD(monthly_amount) OVER cell_row
        END AS three_total
    FROM grouped
    WINDOW
        cell AS (
            PARTITION BY
                area_code, of_subdistrict, of_form, of_inclusive, class_type_code, service_mode_code, fee_item_code,
                collection_basis_code, survey_month
        ),
        cell_row AS (
            PARTITION BY
                area_code, of_subdistrict, of_form, of_inclusive, class_type_code, service_mode_code, fee_item_code,
                collection_basis_code, survey_month
            ORDER BY monthly_amount, provider_id
        )
),
bounded AS (
    SELECT
        placed.*,
        CAST(nth AS DECIMAL(18, 2)) AS place_no,
        CAST(CASE WHEN is_public_no = 1 THEN 1 ELSE 2 END AS DECIMAL(18, 2)) AS first_place,
        CAST(CASE WHEN is_public_no = 1 THEN answer_count ELSE answer_count - 1 END AS DECIMAL(18, 2)) AS last_place,
        CAST(1 + (answer_count - 1) * 0.25 AS DECIMAL(18, 2)) AS p25_place,
        CAST(1 + (answer_count - 1) * 0.5 AS DECIMAL(18, 2)) AS median_place,
        CAST(1 + (answer_count - 1) * 0.75 AS DECIMAL(18, 2)) AS p75_place
    FROM placed
),
weighed AS (
    SELECT
        bounded.*,
        CAST(three_total AS DECIMAL(18, 2)) AS three_amount,
        CASE WHEN place_no = first_place THEN 1 ELSE 0 END AS at_first,
        GREATEST(0, 1 - ABS(place_no - LEAST(GREATEST(p25_place, first_place), last_place))) AS at_p25,
        GREATEST(0, 1 - ABS(place_no - LEAST(GREATEST(median_place, first_place), last_place))) AS at_median,
        GREATEST(0, 1 - ABS(place_no - LEAST(GREATEST(p75_place, first_place), last_place))) AS at_p75,
        CASE WHEN place_no = last_place THEN 1 ELSE 0 END AS at_last
    FROM bounded
),
counted AS (
    SELECT
        area_code,
        of_subdistrict AS subdistrict_code,
        of_form AS service_form_code,
        of_inclusive AS inclusive_code,
        class_type_code,
        service_mode_code,
        fee_item_code,
        collection_basis_code,
        survey_month,
        MIN(currency_code) AS currency_code,
        MAX(is_public_no) AS is_public_no,
        COUNT(*) AS provider_count,
        SUM(derived_no) AS derived_count,
        SUM(monthly_amount) AS amount_total,
        MAX(CASE WHEN nth = answer_count THEN monthly_amount END) AS largest_amount,
        MAX(CASE WHEN nth = answer_count - 1 THEN monthly_amount END) AS second_amount,
        SUM(three_amount * at_first) AS first_total,
        SUM(three_amount * at_p25) AS p25_total,
        SUM(three_amount * at_median) AS median_total,
        SUM(three_amount * at_p75) AS p75_total,
        SUM(three_amount * at_last) AS last_total
    FROM weighed
    GROUP BY
        area_code, of_subdistrict, of_form, of_inclusive, class_type_code, service_mode_code, fee_item_code,
        collection_basis_code, survey_month
),
above AS (
    SELECT
        grouped.area_code,
        grouped.of_subdistrict AS subdistrict_code,
        grouped.of_form AS service_form_code,
        grouped.of_inclusive AS inclusive_code,
        grouped.class_type_code,
        grouped.service_mode_code,
        grouped.fee_item_code,
        grouped.collection_basis_code,
        grouped.survey_month,
        MIN(cap.cap_monthly_amount) AS cap_monthly_amount,
        SUM(CASE WHEN grouped.monthly_amount > cap.cap_monthly_amount THEN 1 ELSE 0 END) AS above_cap_count
    FROM grouped
    INNER JOIN cap
        ON cap.area_code = grouped.area_code
        AND cap.class_type_code = grouped.class_type_code
        AND cap.service_mode_code = grouped.service_mode_code
        AND cap.fee_item_code = grouped.fee_item_code
        AND cap.survey_month = grouped.survey_month
        AND cap.currency_code = grouped.currency_code
    WHERE grouped.of_inclusive = 'yes' AND cap.cap_monthly_amount IS NOT NULL
    GROUP BY
        grouped.area_code, grouped.of_subdistrict, grouped.of_form, grouped.of_inclusive, grouped.class_type_code,
        grouped.service_mode_code, grouped.fee_item_code, grouped.collection_basis_code, grouped.survey_month
),
stated AS (
    SELECT
        counted.*,
        CAST(CASE
            WHEN is_public_no = 1 THEN 0.01
            WHEN median_total >= 30000 THEN 1000
            WHEN median_total >= 3000 THEN 100
            WHEN median_total >= 300 THEN 10
            ELSE 1
        END AS DECIMAL(18, 2)) AS unit
    FROM counted
)
SELECT
    stated.area_code,
    stated.subdistrict_code,
    stated.service_form_code,
    stated.inclusive_code,
    stated.class_type_code,
    stated.service_mode_code,
    stated.fee_item_code,
    stated.collection_basis_code,
    stated.survey_month,
    stated.provider_count,
    stated.derived_count,
    FLOOR(CAST(stated.first_total / 3 / stated.unit AS DECIMAL(18, 6))) * stated.unit AS monthly_amount_min,
    ROUND(CAST(stated.p25_total / 3 / stated.unit AS DECIMAL(18, 6))) * stated.unit AS monthly_amount_p25,
    CASE
        WHEN stated.is_public_no = 0 AND stated.provider_count <= 5
            THEN ROUND(CAST(stated.amount_total / stated.provider_count AS DECIMAL(18, 6)), 2)
        ELSE ROUND(CAST(stated.median_total / 3 / stated.unit AS DECIMAL(18, 6))) * stated.unit
    END AS monthly_amount_median,
    ROUND(CAST(stated.amount_total / stated.provider_count AS DECIMAL(18, 6)), 2) AS monthly_amount_mean,
    ROUND(CAST(stated.p75_total / 3 / stated.unit AS DECIMAL(18, 6))) * stated.unit AS monthly_amount_p75,
    CEIL(CAST(stated.last_total / 3 / stated.unit AS DECIMAL(18, 6))) * stated.unit AS monthly_amount_max,
    stated.amount_total AS monthly_amount_total,
    CAST(stated.largest_amount / NULLIF(stated.amount_total, 0) AS DECIMAL(18, 6)) AS largest_share,
    CAST(stated.second_amount / NULLIF(stated.amount_total, 0) AS DECIMAL(18, 6)) AS second_largest_share,
    stated.currency_code,
    above.cap_monthly_amount,
    above.above_cap_count,
    CAST(1 - above.above_cap_count * 1.0 / stated.provider_count AS DECIMAL(18, 4)) AS within_cap_share,
    CASE
        WHEN stated.is_public_no = 1 THEN NULL
        WHEN stated.collection_basis_code <> 'statistical_survey' THEN 'few'
        WHEN parameter.provider_minimum IS NULL OR stated.provider_count < parameter.provider_minimum THEN 'few'
        WHEN stated.largest_amount > parameter.share_maximum * stated.amount_total THEN 'dominated'
        WHEN stated.largest_amount + stated.second_amount >= parameter.two_share_maximum * stated.amount_total
            THEN 'dominated'
        WHEN stated.amount_total - stated.largest_amount - stated.second_amount
            < stated.largest_amount * parameter.p_percent / 100 THEN 'dominated'
    END AS withheld_reason_code
FROM stated
CROSS JOIN parameter
LEFT JOIN above
    ON above.area_code = stated.area_code
    AND above.subdistrict_code = stated.subdistrict_code
    AND above.service_form_code = stated.service_form_code
    AND above.inclusive_code = stated.inclusive_code
    AND above.class_type_code = stated.class_type_code
    AND above.service_mode_code = stated.service_mode_code
    AND above.fee_item_code = stated.fee_item_code
    AND above.collection_basis_code = stated.collection_basis_code
    AND above.survey_month = stated.survey_month
