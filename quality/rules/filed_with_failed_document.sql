-- code: filed-with-failed-document
-- severity: warning
-- table: filing_document
-- column: conclusion_code
-- says_zh: 备案状态为已备案，但这份必需材料的最新结论为不合格
-- says_en: The provider is filed, but the latest conclusion of this required document is a failure
-- advice_zh: 请核对结论；整改合格的请补报新的材料，否则请更正备案状态
-- advice_en: Check the conclusion; send the new document once it is passed, or correct the status
-- source: 国卫办人口发〔2019〕25号 Art. 8
-- dq: 0402
-- implements: R-DOC-02, R-FIL-04
-- parameters: required_document_types
-- The whitelist needs both statements; that they contradict each other is for the authority to settle.
SELECT document.source_sha256, document.source_sheet, document.source_row, present.filing_status_code AS value
FROM present_document AS document
INNER JOIN present_filing AS present
    ON present.area_code = document.area_code AND present.provider_id = document.provider_id
WHERE present.filing_status_code IN ('filed', 'changed')
    AND document.conclusion_code = 'fail'
    AND list_contains(string_split($required_document_types, ';'), document.document_type_code)
