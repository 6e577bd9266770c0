-- Residents and children under three of each place: of each number the latest counted by the day of the period.
WITH counted AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        population.age_band_code,
        population.person_count,
        ROW_NUMBER() OVER (
            PARTITION BY cell.area_code, cell.subdistrict_code, cell.period, population.age_band_code
            ORDER BY population.counted_on DESC
        ) AS nth
    FROM measure_cell AS cell
    INNER JOIN core_population AS population
        ON population.area_code = cell.area_code
        AND population.subdistrict_code = cell.subdistrict_code
        AND population.counted_on <= cell.measured_on
    WHERE population.population_type_code = 'resident' AND population.age_band_code IN ('all_ages', 'total_u3')
)
SELECT
    area_code,
    subdistrict_code,
    period,
    MAX(CASE WHEN age_band_code = 'all_ages' THEN person_count END) AS resident_count,
    MAX(CASE WHEN age_band_code = 'total_u3' THEN person_count END) AS under_three_count
FROM counted
WHERE nth = 1
GROUP BY area_code, subdistrict_code, period
