-- code: food-licence-missing
-- severity: warning
-- table: filing
-- column: meal_mode_code
-- says_zh: 自办食堂，但没有收到食品经营许可证
-- says_en: The provider has its own kitchen, but no food licence was received
-- advice_zh: 请补报食品经营许可证；如由供餐单位送餐，请更正供餐方式
-- advice_en: Send the food licence, or correct how meals are provided
-- source: 国卫办人口发〔2019〕25号 Art. 8; 食品安全法 Art. 57
-- dq: 0104
-- implements: R-DOC-05
-- parameters: food_licence_required_meal_modes
SELECT present.source_sha256, present.source_sheet, present.source_row, present.meal_mode_code AS value
FROM present_filing AS present
LEFT JOIN present_document AS licence
    ON licence.area_code = present.area_code
    AND licence.provider_id = present.provider_id
    AND licence.document_type_code = 'food'
WHERE present.filing_status_code IN ('filed', 'changed')
    AND list_contains(string_split($food_licence_required_meal_modes, ';'), present.meal_mode_code)
    AND licence.provider_id IS NULL
