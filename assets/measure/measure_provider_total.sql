-- Providers on file (filed or changed) on the last day of each period, summed over all places and forms (`_T`) and by
-- each. What a provider did not state is counted apart (`..._known_count`), never taken for "no".
--
-- Enrolled children are those of measure_enrolment, that is without family points (`enrolling_...` are all the others). A certificate is valid if it is the latest of its type, did not fail
-- and has not expired; required are the types the profile names for the day, and a food licence where meals need one.
-- A class has carers enough by the ratio in force on the day; a class type without a ratio is not checked. Judged is
-- who can be on the whitelist (guidance at home cannot) and for whom every condition of it could be judged; compliant,
-- who of those meets them all.
WITH day AS (
    SELECT DISTINCT measured_on FROM measure_cell
),
rule AS (
    SELECT
        day.measured_on,
        parameter.code,
        parameter.value_text,
        parameter.value_number,
        ROW_NUMBER() OVER (
            PARTITION BY day.measured_on, parameter.code
            ORDER BY COALESCE(parameter.valid_from_on, DATE '1900-01-01') DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM day
    INNER JOIN profile_parameter AS parameter
        ON COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= day.measured_on
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= day.measured_on
    WHERE parameter.code IN ('required_document_types', 'food_licence_required_meal_modes')
        OR parameter.code LIKE 'carer_ratio_%'
),
asked AS (
    SELECT
        day.measured_on,
        food.value_text AS food_meal_modes,
        listed.value_text AS required_types,
        COUNT(type.code) AS required_count
    FROM day
    LEFT JOIN rule AS food
        ON food.measured_on = day.measured_on AND food.code = 'food_licence_required_meal_modes' AND food.nth = 1
    LEFT JOIN rule AS listed
        ON listed.measured_on = day.measured_on AND listed.code = 'required_document_types' AND listed.nth = 1
    LEFT JOIN profile_codelist AS type
        ON type.list_name = 'document_type'
        AND CONCAT(';', listed.value_text, ';') LIKE CONCAT('%;', type.code, ';%')
    GROUP BY day.measured_on, food.value_text, listed.value_text
),
ratio AS (
    SELECT measured_on, SUBSTRING(code, 13) AS class_type_code, value_number AS children_per_carer
    FROM rule
    WHERE code LIKE 'carer_ratio_%' AND nth = 1
),
-- of one provider only what is needed here: its periods on file
held AS (
    SELECT
        area_code,
        provider_id,
        subdistrict_code,
        service_form_code,
        site_type_code,
        valid_from_on,
        valid_to_on,
        COALESCE(place_count, 0) AS place_count,
        is_inclusive,
        has_full_cctv,
        meal_mode_code,
        quality_grade_code
    FROM core_provider
    WHERE is_on_file
),
stock AS (
    SELECT
        held.area_code,
        held.subdistrict_code,
        held.service_form_code,
        asked.measured_on,
        held.site_type_code,
        held.place_count,
        held.is_inclusive,
        held.has_full_cctv,
        held.quality_grade_code,
        enrolment.enrolled_count,
        asked.required_types,
        asked.required_count,
        -- `||` and not CONCAT, which in DuckDB takes no parameter and no meal mode for two empty texts that agree
        ';' || asked.food_meal_modes || ';' LIKE '%;' || held.meal_mode_code || ';%' AS needs_food_licence,
        whitelist.is_listed,
        held.service_form_code <> 'home_visit'
            AND whitelist.provider_id IS NOT NULL
            AND whitelist.not_evaluated_codes IS NULL AS is_judged
    FROM held
    INNER JOIN asked
        ON held.valid_from_on <= asked.measured_on
        AND (held.valid_to_on IS NULL OR held.valid_to_on > asked.measured_on)
    LEFT JOIN measure_enrolment AS enrolment
        ON enrolment.area_code = held.area_code
        AND enrolment.provider_id = held.provider_id
        AND enrolment.valid_from_on <= asked.measured_on
        AND (enrolment.valid_to_on IS NULL OR enrolment.valid_to_on > asked.measured_on)
    LEFT JOIN core_whitelist_period AS whitelist
        ON whitelist.area_code = held.area_code
        AND whitelist.provider_id = held.provider_id
        AND whitelist.valid_from_on <= asked.measured_on
        AND (whitelist.valid_to_on IS NULL OR whitelist.valid_to_on > asked.measured_on)
),
supply AS (
    SELECT
        area_code,
        subdistrict_code,
        service_form_code,
        measured_on,
        COUNT(*) AS provider_count,
        SUM(place_count) AS place_total,
        SUM(CASE WHEN site_type_code = 'independent' THEN place_count ELSE 0 END) AS independent_place_total,
        SUM(CASE WHEN site_type_code = 'community_embedded' THEN place_count ELSE 0 END) AS community_embedded_place_total,
        SUM(CASE WHEN site_type_code = 'kindergarten_class' THEN place_count ELSE 0 END) AS kindergarten_class_place_total,
        SUM(CASE WHEN site_type_code = 'employer_run' THEN place_count ELSE 0 END) AS employer_run_place_total,
        SUM(CASE WHEN site_type_code = 'family_point' THEN place_count ELSE 0 END) AS family_point_place_total,
        SUM(CASE WHEN site_type_code = 'integrated_centre' THEN place_count ELSE 0 END) AS integrated_centre_place_total,
        SUM(CASE WHEN site_type_code = 'station_temp' THEN place_count ELSE 0 END) AS station_temp_place_total,
        COUNT(is_inclusive) AS inclusive_known_count,
        SUM(CASE WHEN is_inclusive THEN 1 ELSE 0 END) AS inclusive_provider_count,
        SUM(CASE WHEN is_inclusive THEN place_count ELSE 0 END) AS inclusive_place_total,
        SUM(CASE WHEN COALESCE(site_type_code, '') <> 'family_point' THEN 1 ELSE 0 END) AS enrolling_provider_count,
        SUM(CASE WHEN COALESCE(site_type_code, '') <> 'family_point' THEN place_count ELSE 0 END)
            AS enrolling_place_total,
        COUNT(enrolled_count) AS enrolled_known_count,
        SUM(enrolled_count) AS enrolled_total,
        SUM(CASE WHEN enrolled_count IS NOT NULL THEN place_count ELSE 0 END) AS enrolled_place_total,
        COUNT(has_full_cctv) AS cctv_known_count,
        SUM(CASE WHEN has_full_cctv THEN 1 ELSE 0 END) AS cctv_provider_count,
        COUNT(needs_food_licence) AS meal_known_count,
        SUM(CASE WHEN needs_food_licence THEN 1 ELSE 0 END) AS kitchen_provider_count,
        SUM(CASE WHEN required_types IS NOT NULL THEN required_count END)
            + SUM(CASE WHEN needs_food_licence THEN 1 ELSE 0 END) AS document_required_count,
        SUM(CASE WHEN is_judged THEN 1 ELSE 0 END) AS judged_provider_count,
        SUM(CASE WHEN is_judged AND is_listed THEN 1 ELSE 0 END) AS compliant_provider_count,
        SUM(CASE WHEN quality_grade_code LIKE 'ws821_%' THEN 1 ELSE 0 END) AS graded_provider_count,
        SUM(CASE WHEN quality_grade_code = 'ws821_A' THEN 1 ELSE 0 END) AS grade_a_provider_count,
        SUM(CASE WHEN quality_grade_code = 'ws821_B' THEN 1 ELSE 0 END) AS grade_b_provider_count,
        SUM(CASE WHEN quality_grade_code = 'ws821_C' THEN 1 ELSE 0 END) AS grade_c_provider_count,
        SUM(CASE WHEN quality_grade_code = 'ws821_D' THEN 1 ELSE 0 END) AS grade_d_provider_count
    FROM stock
    GROUP BY area_code, subdistrict_code, service_form_code, measured_on
),
document AS (
    SELECT
        area_code,
        provider_id,
        document_type_code,
        issued_on,
        LEAD(issued_on) OVER (
            PARTITION BY area_code, provider_id, document_type_code ORDER BY issued_on
        ) AS next_issued_on,
        valid_to_on,
        conclusion_code
    FROM core_filing_document
),
-- a certificate where its time and that of a period of its provider overlap, so that days are joined to few rows
certificate AS (
    SELECT
        held.area_code,
        held.subdistrict_code,
        held.service_form_code,
        held.meal_mode_code,
        document.document_type_code,
        GREATEST(held.valid_from_on, document.issued_on) AS from_on,
        LEAST(
            COALESCE(held.valid_to_on, DATE '9999-12-31'),
            COALESCE(document.next_issued_on, DATE '9999-12-31'),
            COALESCE(DATE_ADD(document.valid_to_on, 1), DATE '9999-12-31')
        ) AS until_on,
        COUNT(*) AS document_count
    FROM held
    INNER JOIN document ON document.area_code = held.area_code AND document.provider_id = held.provider_id
    WHERE COALESCE(document.conclusion_code, 'none') <> 'fail'
    GROUP BY 1, 2, 3, 4, 5, 6, 7
),
papers AS (
    SELECT
        certificate.area_code,
        certificate.subdistrict_code,
        certificate.service_form_code,
        asked.measured_on,
        SUM(certificate.document_count) AS document_valid_count,
        SUM(CASE
            WHEN certificate.document_type_code = 'food'
                AND ';' || asked.food_meal_modes || ';' LIKE '%;' || certificate.meal_mode_code || ';%'
                THEN certificate.document_count
            ELSE 0
        END) AS food_licensed_provider_count
    FROM certificate
    INNER JOIN asked ON certificate.from_on <= asked.measured_on AND certificate.until_on > asked.measured_on
    WHERE ';' || asked.required_types || ';' LIKE '%;' || certificate.document_type_code || ';%'
        OR (
            certificate.document_type_code = 'food'
            AND ';' || asked.food_meal_modes || ';' LIKE '%;' || certificate.meal_mode_code || ';%'
        )
    GROUP BY certificate.area_code, certificate.subdistrict_code, certificate.service_form_code, asked.measured_on
),
class AS (
    SELECT
        held.area_code,
        held.subdistrict_code,
        held.service_form_code,
        class.class_type_code,
        class.carer_count,
        class.enrolled_count,
        GREATEST(held.valid_from_on, class.valid_from_on) AS from_on,
        LEAST(
            COALESCE(held.valid_to_on, DATE '9999-12-31'), COALESCE(class.valid_to_on, DATE '9999-12-31')
        ) AS until_on,
        COUNT(*) AS class_count
    FROM held
    INNER JOIN core_filing_class AS class
        ON class.area_code = held.area_code AND class.provider_id = held.provider_id
    WHERE class.carer_count IS NOT NULL AND class.enrolled_count IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
carers AS (
    SELECT
        class.area_code,
        class.subdistrict_code,
        class.service_form_code,
        day.measured_on,
        SUM(class.class_count) AS class_stated_count,
        SUM(CASE WHEN ratio.children_per_carer IS NOT NULL THEN class.class_count ELSE 0 END) AS class_checked_count,
        SUM(CASE
            WHEN class.carer_count * ratio.children_per_carer >= class.enrolled_count THEN class.class_count
            ELSE 0
        END) AS class_met_count
    FROM class
    INNER JOIN day ON class.from_on <= day.measured_on AND class.until_on > day.measured_on
    LEFT JOIN ratio ON ratio.measured_on = day.measured_on AND ratio.class_type_code = class.class_type_code
    GROUP BY class.area_code, class.subdistrict_code, class.service_form_code, day.measured_on
),
part AS (
    SELECT
        supply.*,
        papers.document_valid_count,
        papers.food_licensed_provider_count,
        carers.class_stated_count,
        carers.class_checked_count,
        carers.class_met_count
    FROM supply
    LEFT JOIN papers
        ON papers.area_code = supply.area_code
        AND papers.subdistrict_code IS NOT DISTINCT FROM supply.subdistrict_code
        AND papers.service_form_code = supply.service_form_code
        AND papers.measured_on = supply.measured_on
    LEFT JOIN carers
        ON carers.area_code = supply.area_code
        AND carers.subdistrict_code IS NOT DISTINCT FROM supply.subdistrict_code
        AND carers.service_form_code = supply.service_form_code
        AND carers.measured_on = supply.measured_on
),
total AS (
    SELECT
        part.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE part.subdistrict_code END AS subdistrict_code,
        CASE WHEN level.form = 'all' THEN '_T' ELSE part.service_form_code END AS service_form_code,
        part.measured_on,
        SUM(part.provider_count) AS provider_count,
        SUM(part.place_total) AS place_total,
        SUM(part.independent_place_total) AS independent_place_total,
        SUM(part.community_embedded_place_total) AS community_embedded_place_total,
        SUM(part.kindergarten_class_place_total) AS kindergarten_class_place_total,
        SUM(part.employer_run_place_total) AS employer_run_place_total,
        SUM(part.family_point_place_total) AS family_point_place_total,
        SUM(part.integrated_centre_place_total) AS integrated_centre_place_total,
        SUM(part.station_temp_place_total) AS station_temp_place_total,
        SUM(part.inclusive_known_count) AS inclusive_known_count,
        SUM(part.inclusive_provider_count) AS inclusive_provider_count,
        SUM(part.inclusive_place_total) AS inclusive_place_total,
        SUM(part.enrolling_provider_count) AS enrolling_provider_count,
        SUM(part.enrolling_place_total) AS enrolling_place_total,
        SUM(part.enrolled_known_count) AS enrolled_known_count,
        SUM(part.enrolled_total) AS enrolled_total,
        SUM(part.enrolled_place_total) AS enrolled_place_total,
        SUM(part.cctv_known_count) AS cctv_known_count,
        SUM(part.cctv_provider_count) AS cctv_provider_count,
        SUM(part.meal_known_count) AS meal_known_count,
        SUM(part.kitchen_provider_count) AS kitchen_provider_count,
        SUM(part.food_licensed_provider_count) AS food_licensed_provider_count,
        SUM(part.document_required_count) AS document_required_count,
        SUM(part.document_valid_count) AS document_valid_count,
        SUM(part.judged_provider_count) AS judged_provider_count,
        SUM(part.compliant_provider_count) AS compliant_provider_count,
        SUM(part.class_stated_count) AS class_stated_count,
        SUM(part.class_checked_count) AS class_checked_count,
        SUM(part.class_met_count) AS class_met_count,
        SUM(part.graded_provider_count) AS graded_provider_count,
        SUM(part.grade_a_provider_count) AS grade_a_provider_count,
        SUM(part.grade_b_provider_count) AS grade_b_provider_count,
        SUM(part.grade_c_provider_count) AS grade_c_provider_count,
        SUM(part.grade_d_provider_count) AS grade_d_provider_count
    FROM part
    CROSS JOIN (
        SELECT place, form FROM (VALUES ('all', 'all'), ('all', 'one'), ('one', 'all'), ('one', 'one'))
            AS pair (place, form)
    ) AS level
    WHERE level.place = 'all' OR part.subdistrict_code IS NOT NULL
    GROUP BY
        part.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE part.subdistrict_code END,
        CASE WHEN level.form = 'all' THEN '_T' ELSE part.service_form_code END,
        part.measured_on
),
-- every place and period has its rows, also without a provider: of all forms, and of each that the area knows
kind AS (
    SELECT area_code, service_form_code FROM total
    UNION
    SELECT area_code, '_T' FROM measure_cell
)
SELECT
    cell.area_code,
    cell.subdistrict_code,
    kind.service_form_code,
    cell.period,
    cell.obs_status_code,
    COALESCE(total.provider_count, 0) AS provider_count,
    COALESCE(total.place_total, 0) AS place_total,
    COALESCE(total.independent_place_total, 0) AS independent_place_total,
    COALESCE(total.community_embedded_place_total, 0) AS community_embedded_place_total,
    COALESCE(total.kindergarten_class_place_total, 0) AS kindergarten_class_place_total,
    COALESCE(total.employer_run_place_total, 0) AS employer_run_place_total,
    COALESCE(total.family_point_place_total, 0) AS family_point_place_total,
    COALESCE(total.integrated_centre_place_total, 0) AS integrated_centre_place_total,
    COALESCE(total.station_temp_place_total, 0) AS station_temp_place_total,
    COALESCE(total.inclusive_known_count, 0) AS inclusive_known_count,
    COALESCE(total.inclusive_provider_count, 0) AS inclusive_provider_count,
    COALESCE(total.inclusive_place_total, 0) AS inclusive_place_total,
    COALESCE(total.enrolling_provider_count, 0) AS enrolling_provider_count,
    COALESCE(total.enrolling_place_total, 0) AS enrolling_place_total,
    COALESCE(total.enrolled_known_count, 0) AS enrolled_known_count,
    total.enrolled_total,
    COALESCE(total.enrolled_place_total, 0) AS enrolled_place_total,
    COALESCE(total.cctv_known_count, 0) AS cctv_known_count,
    COALESCE(total.cctv_provider_count, 0) AS cctv_provider_count,
    COALESCE(total.meal_known_count, 0) AS meal_known_count,
    COALESCE(total.kitchen_provider_count, 0) AS kitchen_provider_count,
    COALESCE(total.food_licensed_provider_count, 0) AS food_licensed_provider_count,
    total.document_required_count,
    COALESCE(total.document_valid_count, 0) AS document_valid_count,
    COALESCE(total.judged_provider_count, 0) AS judged_provider_count,
    COALESCE(total.compliant_provider_count, 0) AS compliant_provider_count,
    COALESCE(total.class_stated_count, 0) AS class_stated_count,
    COALESCE(total.class_checked_count, 0) AS class_checked_count,
    COALESCE(total.class_met_count, 0) AS class_met_count,
    COALESCE(total.graded_provider_count, 0) AS graded_provider_count,
    COALESCE(total.grade_a_provider_count, 0) AS grade_a_provider_count,
    COALESCE(total.grade_b_provider_count, 0) AS grade_b_provider_count,
    COALESCE(total.grade_c_provider_count, 0) AS grade_c_provider_count,
    COALESCE(total.grade_d_provider_count, 0) AS grade_d_provider_count
FROM measure_cell AS cell
INNER JOIN kind ON kind.area_code = cell.area_code
LEFT JOIN total
    ON total.area_code = cell.area_code
    AND total.subdistrict_code = cell.subdistrict_code
    AND total.service_form_code = kind.service_form_code
    AND total.measured_on = cell.measured_on
