-- code: base-document-missing
-- severity: warning
-- table: filing
-- column: filing_status_code
-- says_zh: 已备案，但没有收到全部必需的材料
-- says_en: The provider is filed, but not all documents that are needed were received
-- advice_zh: 请补报所列材料的证照信息；材料确实缺少的，不列入白名单
-- advice_en: Send the documents named; without them the provider is not on the whitelist
-- source: 国卫办人口发〔2019〕25号 Art. 8
-- dq: 0202
-- implements: R-DOC-01
-- parameters: required_document_types
-- The filing stays in force and the whitelist says why it is not listed: the row is reported, not held back.
WITH wanted AS (
    SELECT unnest(string_split($required_document_types, ';')) AS document_type_code
)
SELECT present.source_sha256, present.source_sheet, present.source_row,
    string_agg(coalesce(title.title_zh, wanted.document_type_code), '、' ORDER BY wanted.document_type_code) AS value
FROM present_filing AS present
CROSS JOIN wanted
LEFT JOIN present_document AS document
    ON document.area_code = present.area_code
    AND document.provider_id = present.provider_id
    AND document.document_type_code = wanted.document_type_code
LEFT JOIN profile_codelist AS title
    ON title.list_name = 'document_type' AND title.code = wanted.document_type_code
WHERE present.filing_status_code IN ('filed', 'changed')
    AND present.service_form_code <> 'home_visit'
    AND document.provider_id IS NULL
GROUP BY present.source_sha256, present.source_sheet, present.source_row
