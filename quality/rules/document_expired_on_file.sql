-- code: document-expired-on-file
-- severity: warning
-- table: filing_document
-- column: valid_to_on
-- says_zh: 在册机构的这份材料已过有效期，也没有收到新的
-- says_en: This document of a provider on file has expired, and no newer one was received
-- advice_zh: 请换领或重新检查后补报新的证照；未补报前不列入白名单
-- advice_en: Renew it and send the new one; until then the provider is not on the whitelist
-- source: 国卫办人口发〔2019〕25号 Art. 8; WS/T 821-2023 4.1.4
-- dq: 0501
-- implements: R-DOC-03, R-DOC-05
-- parameters: required_document_types, food_licence_required_meal_modes
WITH needed AS (
    SELECT unnest(list_append(string_split($required_document_types, ';'), 'food')) AS document_type_code
)
SELECT document.source_sha256, document.source_sheet, document.source_row, document.valid_to_on AS value
FROM present_document AS document
INNER JOIN needed ON needed.document_type_code = document.document_type_code
INNER JOIN present_filing AS present
    ON present.area_code = document.area_code AND present.provider_id = document.provider_id
CROSS JOIN profile_run AS run
WHERE present.filing_status_code IN ('filed', 'changed')
    AND document.valid_to_on < run.as_of_on
    AND (
        document.document_type_code <> 'food'
        OR list_contains(string_split($food_licence_required_meal_modes, ';'), present.meal_mode_code)
    )
