-- code: provider-id-reused
-- severity: warning
-- table: filing
-- column: provider_id
-- says_zh: 这个机构标识此前已用于另一家机构（信用代码不同，名称和地址也不同），公布时改用新的标识（原, 新）：{value}
-- says_en: The identifier was used for another provider before (its credit code, name and address are different); it is published under a new one (old, new): {value}
-- advice_zh: 机构标识不重复使用，请换用新的标识；如果是同一家，请在更正文件夹的 identities.yml 的 identities: 之下写 - {same: [{value}], reason_zh: 理由, reported_by: 单位或岗位, reported_on: 2026-03-05, source: 依据}（方括号内为两个标识，用 tuoyu findings --values 查看）
-- advice_en: Identifiers are never reused, so give a new one; if it is the same provider, write into identities.yml in the folder of corrections, below identities: - {same: [{value}], reason_zh: why, reported_by: who, reported_on: 2026-03-05, source: what shows it} (in brackets both ids, which tuoyu findings --values shows)
-- source: project
-- dq: 0304
-- implements: R-ID-07
-- A change of its filing may give a provider a new code; what makes another of it is said in assets/raw/identity.py.
SELECT source_sha256, source_sheet, source_row, concat(source_provider_id, ', ', use_name) AS value
FROM provider_use AS reused
LEFT JOIN identity_decision AS decided
    ON decided.one = reused.use_name
    AND decided.other = reused.source_provider_id
    AND (decided.area_code IS NULL OR decided.area_code = reused.area_code)
WHERE use_no > 1 AND decided.one IS NULL
