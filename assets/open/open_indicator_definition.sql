-- The definitions as they stand in the contracts, so that who reads a value can read what it says.
SELECT
    code AS indicator_code,
    title_zh AS indicator_name_zh,
    title_en AS indicator_name_en,
    formula_zh,
    formula_en,
    formula_sql,
    source_table,
    unit AS unit_code,
    kind AS indicator_kind_code,
    direction AS indicator_direction_code,
    target_value,
    target_on AS due_on,
    target_source AS target_source_name,
    source AS source_name,
    definition_version
FROM profile_indicator
