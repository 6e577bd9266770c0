-- code: change-without-filing
-- severity: warning
-- table: filing
-- column: filing_event_code
-- says_zh: 名称、住所、服务类型或托位数与此前备案的不同，但没有变更备案
-- says_en: Name, address, service form or places differ from what was filed before, but no change was filed
-- advice_zh: 请补报变更备案；如果是写错，请与备案内容改成一致
-- advice_en: File the change; if it is a mistake, make it agree with the filing
-- source: 国卫人口发〔2019〕58号 规范 Art. 6; 国卫办人口发〔2019〕25号 Art. 10
-- dq: 0104
-- implements: R-FIL-07
-- parameters: change_filing_columns
-- What a change, or a new filing, states may differ from before: that is what it is for. Anything else that says
-- something new about these columns shows that a change was not filed.
WITH step AS (
    SELECT
        filing.*,
        lag(provider_name) OVER history AS name_before,
        lag(address) OVER history AS address_before,
        lag(service_form_code) OVER history AS form_before,
        lag(place_count IGNORE NULLS) OVER history AS places_before
    FROM filing
    WINDOW history AS (
        PARTITION BY area_code, provider_id
        ORDER BY
            event_on,
            CASE filing_event_code WHEN 'new' THEN 1 WHEN 'change' THEN 2 WHEN 'snapshot' THEN 3 ELSE 4 END,
            filing_event_code
    )
),
compared AS (
    SELECT
        step.*,
        concat_ws(
            '、',
            CASE WHEN name_before <> provider_name AND list_contains(watched, 'provider_name') THEN '名称' END,
            CASE WHEN address_before <> address AND list_contains(watched, 'address') THEN '住所' END,
            CASE WHEN form_before <> service_form_code AND list_contains(watched, 'service_form_code') THEN '服务类型' END,
            CASE WHEN places_before <> place_count AND list_contains(watched, 'place_count') THEN '托位数' END
        ) AS changed
    FROM step
    CROSS JOIN (SELECT string_split($change_filing_columns, ';') AS watched) AS told
)
SELECT source_sha256, source_sheet, source_row, changed AS value
FROM compared
WHERE filing_event_code IN ('snapshot', 'deregister') AND changed <> ''
