-- code: credit-code-shared
-- severity: warning
-- table: filing
-- column: credit_code
-- says_zh: 同一统一社会信用代码下有几家机构：地址相同，或地址不同而没有填总机构代码
-- says_en: Several providers have this credit code: at one address, or at several without a head office being named
-- advice_zh: 同一地址的请只保留一个机构标识；分支机构请填写总机构统一社会信用代码；代码抄错的请更正
-- advice_en: Keep one identifier an address; give the credit code of the head office for a branch; correct a code that was copied wrongly
-- source: 国卫办人口发〔2019〕25号 Art. 10; 市场主体登记管理条例 Art. 23
-- dq: 0304
-- implements: R-ID-06
-- A branch that names its head office, or a site that a legal person runs beside others at another address, is normal;
-- two sites of one code at one address, or at several without a head office, are to be looked at.
WITH site AS (
    SELECT present.*, lower(regexp_replace(address, '\s', '', 'g')) AS address_key
    FROM present_filing AS present
    WHERE filing_status_code IN ('filed', 'changed', 'suspended')
),
legal_person AS (
    SELECT area_code, credit_code
    FROM site
    WHERE credit_code IS NOT NULL
    GROUP BY area_code, credit_code
    HAVING count(*) > 1
),
address_shared AS (
    SELECT area_code, credit_code, address_key, count(*) AS sites
    FROM site
    GROUP BY area_code, credit_code, address_key
)
SELECT site.source_sha256, site.source_sheet, site.source_row, site.credit_code AS value
FROM site
INNER JOIN legal_person AS person ON person.area_code = site.area_code AND person.credit_code = site.credit_code
INNER JOIN address_shared AS here
    ON here.area_code = site.area_code
    AND here.credit_code = site.credit_code
    AND here.address_key = site.address_key
WHERE here.sites > 1 OR site.parent_credit_code IS NULL
