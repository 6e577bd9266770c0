-- The fee statistics that may be published. Posted prices are public provider by provider, and so is what follows from
-- them. Of a survey nothing but the count where the cell is withheld; else the median, and from larger numbers of
-- respondents quartiles, extremes and mean: whatever is added up or subtracted of the numbers of a cell still mixes
-- three answers, so that neither an outsider nor one of the three is left with another's (tests/attack). Quartiles
-- and extremes that lie close together would tell what everybody asks, and are not published.
-- Of a survey, how many are above a cap and how many amounts were derived is published for the whole area and all forms
-- only: such counts add up, and would tell of single respondents.
WITH parameter AS (
    SELECT
        MAX(CASE WHEN code = 'fee_quartile_min_providers' THEN value_number END) AS quartile_minimum,
        MAX(CASE WHEN code = 'fee_quartile_spread_min' THEN value_number END) AS quartile_spread,
        MAX(CASE WHEN code = 'fee_extreme_min_providers' THEN value_number END) AS extreme_minimum,
        MAX(CASE WHEN code = 'fee_extreme_spread_min' THEN value_number END) AS extreme_spread,
        MAX(CASE WHEN code = 'fee_mean_min_providers' THEN value_number END) AS mean_minimum
    FROM profile_parameter_in_force
),
judged AS (
    SELECT
        statistics.*,
        statistics.collection_basis_code IN ('posted_price', 'catalogue_list') AS is_public,
        withheld.withheld_reason_code IS NULL AND statistics.withheld_reason_code IS NULL AS is_shown
    FROM measure_fee_statistics AS statistics
    LEFT JOIN measure_withheld AS withheld
        ON withheld.protected_measure_code = 'survey_fee'
        AND statistics.collection_basis_code = 'statistical_survey'
        AND withheld.area_code = statistics.area_code
        AND withheld.subdistrict_code = statistics.subdistrict_code
        AND withheld.service_form_code = statistics.service_form_code
        AND withheld.member_code = CONCAT_WS(
            '|', statistics.class_type_code, statistics.service_mode_code, statistics.fee_item_code,
            statistics.inclusive_code
        )
        AND withheld.period = statistics.survey_month
),
allowed AS (
    SELECT
        judged.*,
        is_public OR is_shown
            AND provider_count >= quartile_minimum
            AND monthly_amount_p75 - monthly_amount_p25 >= quartile_spread * monthly_amount_p75 AS shows_quartiles,
        is_public OR is_shown
            AND provider_count >= extreme_minimum
            AND monthly_amount_max - monthly_amount_min >= extreme_spread * monthly_amount_max AS shows_extremes,
        is_public OR is_shown AND provider_count >= mean_minimum AS shows_mean,
        inclusive_code = 'yes' AND cap_monthly_amount IS NOT NULL AS has_cap,
        is_public OR is_shown
            AND provider_count >= quartile_minimum
            AND subdistrict_code = '_T'
            AND service_form_code = '_T' AS shows_cap,
        is_public OR is_shown
            AND subdistrict_code = '_T'
            AND service_form_code = '_T'
            AND inclusive_code = '_T' AS shows_derived
    FROM judged
    CROSS JOIN parameter
),
-- income a head on the last day of the month
income AS (
    SELECT
        month.survey_month,
        parameter.value_number AS income_per_year,
        ROW_NUMBER() OVER (
            PARTITION BY month.survey_month ORDER BY parameter.valid_from_on DESC, parameter.source
        ) AS nth
    FROM (
        SELECT DISTINCT survey_month, LAST_DAY(CAST(CONCAT(survey_month, '-01') AS DATE)) AS month_end
        FROM measure_fee_statistics
    ) AS month
    INNER JOIN profile_parameter AS parameter
        ON parameter.code = 'disposable_income_per_capita'
        AND COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= month.month_end
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= month.month_end
)
SELECT
    allowed.area_code,
    allowed.subdistrict_code,
    allowed.service_form_code,
    allowed.inclusive_code,
    allowed.class_type_code,
    allowed.service_mode_code,
    allowed.fee_item_code,
    allowed.collection_basis_code,
    allowed.survey_month,
    allowed.provider_count,
    CASE WHEN shows_derived THEN derived_count END AS derived_count,
    CASE WHEN shows_extremes THEN monthly_amount_min END AS monthly_amount_min,
    CASE WHEN shows_quartiles THEN monthly_amount_p25 END AS monthly_amount_p25,
    CASE WHEN is_shown THEN monthly_amount_median END AS monthly_amount_median,
    CASE WHEN shows_mean THEN monthly_amount_mean END AS monthly_amount_mean,
    CASE WHEN shows_quartiles THEN monthly_amount_p75 END AS monthly_amount_p75,
    CASE WHEN shows_extremes THEN monthly_amount_max END AS monthly_amount_max,
    currency_code,
    CASE WHEN is_shown THEN 'a' ELSE 'c' END AS obs_status_code,
    CASE WHEN has_cap THEN cap_monthly_amount END AS cap_monthly_amount,
    CASE WHEN has_cap AND shows_cap THEN above_cap_count END AS above_cap_count,
    CASE WHEN has_cap AND shows_cap THEN within_cap_share END AS within_cap_share,
    CASE
        WHEN inclusive_code <> 'yes' THEN 'n'
        WHEN NOT has_cap THEN 'm'
        WHEN shows_cap THEN 'a'
        ELSE 'c'
    END AS cap_status_code,
    CASE WHEN is_shown AND fee_item_code = 'care'
        THEN CAST(monthly_amount_median * 12 / income.income_per_year AS DECIMAL(18, 4)) END AS fee_burden_share,
    CASE
        WHEN fee_item_code <> 'care' THEN 'n'
        WHEN income.income_per_year IS NULL THEN 'm'
        WHEN is_shown THEN 'a'
        ELSE 'c'
    END AS burden_status_code
FROM allowed
LEFT JOIN income ON income.survey_month = allowed.survey_month AND income.nth = 1
