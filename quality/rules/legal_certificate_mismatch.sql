-- code: legal-certificate-mismatch
-- severity: warning
-- table: filing_document
-- column: document_no
-- says_zh: 法人登记证书上的统一社会信用代码与备案的不同
-- says_en: The credit code on the certificate is not the one that was filed
-- advice_zh: 请对照证书核对两处；证书换发的请办理变更备案
-- advice_en: Compare both with the certificate; file a change if it was reissued
-- source: 国卫办人口发〔2019〕25号 Art. 8; GB 32100-2015
-- dq: 0402
-- implements: R-DOC-01
SELECT document.source_sha256, document.source_sheet, document.source_row, document.document_no AS value
FROM present_document AS document
INNER JOIN present_filing AS present
    ON present.area_code = document.area_code AND present.provider_id = document.provider_id
WHERE document.document_type_code = 'legal_cert'
    AND length(document.document_no) = 18
    AND length(present.credit_code) = 18
    AND upper(document.document_no) <> present.credit_code
