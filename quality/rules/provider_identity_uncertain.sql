-- code: provider-identity-uncertain
-- severity: warning
-- table: filing
-- column: provider_id
-- says_zh: 不能确定这是新的机构还是已有的机构换了编号（本条, 已有）：{value}；核实之前两个编号按两家、一个编号按一家处理
-- says_en: It cannot be told whether this is a new provider or a known one under another id (this, known): {value}; until somebody decides, two ids are two providers and one id is one
-- advice_zh: 请核实，并在更正文件夹的 identities.yml 的 identities: 之下写一条：- {same: [{value}], reason_zh: 理由, reported_by: 单位或岗位, reported_on: 2026-03-05, source: 依据}；不是同一家的，把 same 写成 not_same（方括号内为两个编号，用 tuoyu findings --values 查看）
-- advice_en: Find out, and write into identities.yml in the folder of corrections, below identities: one line - {same: [{value}], reason_zh: why, reported_by: who, reported_on: 2026-03-05, source: what shows it}; not_same instead of same if they are two (in brackets both ids, which tuoyu findings --values shows)
-- source: project
-- dq: 0303
-- implements: R-ID-07
-- parameters: name_similarity_min
-- What the rules of assets/raw/identity.py leave open. `A~2` is the second provider that had the id A, or would be.
-- Similarity is counted in bytes, as in provider-name-similar.
WITH goes_on AS (
    SELECT area_code, provider_id, max(coalesce(ended_on, DATE '9999-12-31')) AS ended_on
    FROM provider_use
    GROUP BY area_code, provider_id
),
alike AS (
    SELECT use.*, known.use_name AS known_name
    FROM provider_use AS use
    INNER JOIN provider_use AS known
        ON known.area_code = use.area_code
        AND known.provider_id <> use.provider_id
        AND known.name_key = use.name_key
    INNER JOIN goes_on ON goes_on.area_code = known.area_code AND goes_on.provider_id = known.provider_id
    WHERE goes_on.ended_on <= use.started_on
        OR (known.address_key = use.address_key AND (known.started_on, known.use_name) < (use.started_on, use.use_name))
    UNION
    SELECT use.*, known.use_name
    FROM provider_use AS use
    INNER JOIN provider_use AS known
        ON known.area_code = use.area_code
        AND known.provider_id <> use.provider_id
        AND known.address_key = use.address_key
        AND known.name_key <> use.name_key
    INNER JOIN goes_on ON goes_on.area_code = known.area_code AND goes_on.provider_id = known.provider_id
    WHERE goes_on.ended_on <= use.started_on
        AND 1 - levenshtein(known.name_key, use.name_key) / greatest(strlen(known.name_key), strlen(use.name_key))
            >= $name_similarity_min
    UNION
    SELECT use.*, known.use_name
    FROM provider_use AS use
    INNER JOIN provider_use AS known
        ON known.area_code = use.area_code
        AND known.provider_id <> use.provider_id
        AND known.provider_id = use.related_provider_id
    INNER JOIN goes_on ON goes_on.area_code = known.area_code AND goes_on.provider_id = known.provider_id
    WHERE use.identity_relation_code = 'branch-of' AND goes_on.ended_on <= use.started_on
),
-- one id whose filing is about another name, and another code or address, than the one before
step AS (
    SELECT
        use_renamed.*,
        lag(name_key) OVER history AS name_before,
        lag(address_key) OVER history AS address_before,
        lag(credit_code) OVER history AS code_before
    FROM use_renamed
    WINDOW history AS (
        PARTITION BY area_code, source_provider_id, use_no ORDER BY event_on, filing_event_code
    )
),
doubted AS (
    SELECT step.*, concat(source_provider_id, '~', use_no + 1) AS other_name
    FROM step
    WHERE filing_event_code IN ('new', 'snapshot')
        AND 1 - levenshtein(name_before, name_key) / greatest(strlen(name_before), strlen(name_key))
            < $name_similarity_min
        AND (
            credit_code <> code_before
            OR (
                (credit_code IS NULL OR code_before IS NULL)
                AND 1 - levenshtein(address_before, address_key) / greatest(strlen(address_before), strlen(address_key))
                    < $name_similarity_min
            )
        )
),
asked AS (
    SELECT area_code, source_sha256, source_sheet, source_row, use_name AS this_name, known_name FROM alike
    UNION ALL
    SELECT area_code, source_sha256, source_sheet, source_row, other_name, source_provider_id FROM doubted
)
SELECT source_sha256, source_sheet, source_row, min(concat(this_name, ', ', known_name)) AS value
FROM asked
LEFT JOIN identity_decision AS decided
    ON decided.one = asked.this_name
    AND decided.other = asked.known_name
    AND (decided.area_code IS NULL OR decided.area_code = asked.area_code)
WHERE decided.one IS NULL
GROUP BY source_sha256, source_sheet, source_row
