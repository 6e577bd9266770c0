-- code: fire-proof-old
-- severity: warning
-- table: filing_document
-- column: issued_on
-- says_zh: 消防安全证明没有写有效期，且已超过 {fire_proof_months_max} 个月
-- says_en: The fire-safety proof gives no end, and is older than {fire_proof_months_max} months
-- advice_zh: 请补填有效期，或补报年内的消防安全检查结果（推荐性标准）
-- advice_en: Give its end, or the result of an inspection within the year (a recommended standard)
-- source: WS/T 821-2023 4.1.4
-- dq: 0501
-- implements: R-DOC-03
-- parameters: fire_proof_months_max
-- Only where the proof says no end of its own.
SELECT document.source_sha256, document.source_sheet, document.source_row, document.issued_on AS value
FROM present_document AS document
INNER JOIN present_filing AS present
    ON present.area_code = document.area_code AND present.provider_id = document.provider_id
CROSS JOIN profile_run AS run
WHERE present.filing_status_code IN ('filed', 'changed')
    AND document.document_type_code = 'fire'
    AND document.valid_to_on IS NULL
    AND document.issued_on + to_months($fire_proof_months_max) < run.as_of_on
