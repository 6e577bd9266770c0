-- code: provider-id-reused
-- severity: error
-- table: filing
-- column: provider_id
-- says_zh: 这个机构标识此前已用于另一家机构（名称和统一社会信用代码都不同）
-- says_en: The identifier was used for another provider before (its name and credit code are different)
-- advice_zh: 机构标识不重复使用：新备案的机构请换用新的标识；如果是同一家机构变更，备案事项请填“变更备案”
-- advice_en: Identifiers are never reused: give a new one to the new provider; if it is the same provider, state a change of filing
-- source: project
-- dq: 0304
-- implements: R-ID-07
-- Only a new filing is compared: the code of a provider may change by a change of its filing.
WITH numbered AS (
    SELECT
        filing.*,
        first_value(credit_code IGNORE NULLS) OVER history AS first_code,
        first_value(provider_name) OVER history AS first_name
    FROM filing
    WINDOW history AS (
        PARTITION BY area_code, provider_id
        ORDER BY event_on, source_sha256, source_row
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)
SELECT source_sha256, source_sheet, source_row, provider_id AS value
FROM numbered
WHERE filing_event_code = 'new' AND credit_code <> first_code AND provider_name <> first_name
