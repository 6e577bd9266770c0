-- The fees of a centre: service mode -> list of (name, amount, explanation). The unit stands only in the explanation.
--
-- A unit is certain when the prose puts the amount itself to one unit and to no other:
--   month   "月費18000", "每月1000元", "2000元/月"; or the amount is a sum the prose gives: a monthly fee and a
--           monthly part (4000 + 18500), a monthly fee and a sixth of a six-month fee (16000 + 24000/6), or a
--           sixth of a six-month fee (每學期18000元 for 3000); or no figure at all and only words of the month.
--   hour, day, time   "每小時120元", "1500元/日", "100元/次"; or no figure and only words of the hour ("元/時").
--   term    "每學期18000元", "註冊費12000元/半年" for that very amount, of registration fees only.
-- A registration fee and a monthly fee named together with no figure and no word of averaging is not certain, nor is
-- an hour that is half an hour, nor a prose that only describes. These wait as `fee-unit-unclear`.
-- An amount of 0 stands for free, for "depends" and for "not filled in": only where the prose says that it is free
-- or within another fee, and gives no figure, is it 0 (by the month, as free is free by any unit); the others wait
-- as `fee-zero-unclear`.
-- What the item "other" is, is read from the prose where it names one thing: registration or extended hours.
-- The number of a line counts all lines of the item in the order of the source, those that wait too.
-- Which line of the file stands for a centre: see filing.sql.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY regexp_extract(_path, '[^/]+$')
            ORDER BY
                starts_with(substr("所在地", 4), regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                length(regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                _path
        ) AS listing_no
    FROM source
),
by_mode AS (
    SELECT *, unnest(json_keys("收費情形")) AS mode FROM ranked WHERE json_type("收費情形") = 'OBJECT'
),
listed AS (
    SELECT *, CAST(json_extract("收費情形", '$."' || mode || '"') AS JSON[]) AS lines FROM by_mode
),
line AS (
    SELECT *, unnest(lines) AS fee, generate_subscripts(lines, 1) AS position FROM listed
),
worded AS (
    SELECT
        *,
        fee ->> '$."費用名稱"' AS item,
        fee ->> '$."費用金額"' AS amount,
        try_cast(fee ->> '$."費用金額"' AS BIGINT) AS yuan,
        fee ->> '$."費用說明"' AS prose,
        -- half-width, without spaces, thousands separators and the name of the currency
        regexp_replace(regexp_replace(
            translate(fee ->> '$."費用說明"', '０１２３４５６７８９（）：，．＄／╱＋﹑、；', '0123456789():,.$//+,,;'),
            '[\s　]|新[臺台]幣|整|NTD?|[$]', '', 'gi'), '([0-9]),([0-9]{3})', '\1\2', 'g') AS plain
    FROM line
),
tokened AS (
    -- 每月 for all its spellings, S half a year, A an age or another span, X a part of an hour; a fee said not to be
    -- charged or not included is taken out
    SELECT
        *,
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            plain,
            '半個?小時|半鐘頭|[0-9]+分鐘?|[0-9]+\.[0-9]+小時', 'X', 'g'),
            '(6|六)個月(大|齡|以|未|前|後|內|起|至|到|開始|~|-|\(含\))', 'A', 'g'),
            '(6|六)個?月', 'S', 'g'),
            '([2-9]|1[0-9]|2[0-9]|3[0-6]|[二三四五七八九十]+)個月', 'A', 'g'),
            '每個月|每1個?月|每一個?月|/個月|/1個?月|\(月\)', '每月', 'g'),
            '(無|不含|沒有|不收|不另收取?|不收取)註冊費?|不包?含[在於]?月費', '', 'g') AS said
    FROM worded
),
figured AS (
    SELECT
        *,
        CASE
            WHEN item = '托育費' THEN 'care'
            WHEN item = '餐點費' THEN 'meals'
            WHEN item = '教材費' THEN 'materials'
            WHEN item <> '其他' THEN item
            WHEN regexp_matches(said, '註冊') AND NOT regexp_matches(said, '月費|托育費|保育費|餐|延|逾|臨|代辦|保險|雜|材|設備|活動')
                THEN 'registration'
            WHEN regexp_matches(said, '延托|延長托育|延拖') AND NOT regexp_matches(said, '註冊|月費|餐|臨|代辦|保險|雜|材|浴|澡')
                THEN 'extended'
            ELSE 'other'
        END AS fee_item_code,
        list_transform(regexp_extract_all(said, '[0-9]+'), lambda t: try_cast(t AS BIGINT)) AS figures,
        regexp_matches(said, '學期|S|半年') AS says_half_year,
        regexp_matches(said, '每月|月費|/月|月繳|按月|月平均|平均月|月註冊') AS says_month,
        regexp_matches(said, '小時|/時|/hr|每時') AS says_hour,
        regexp_matches(said, '學期|半年|S|A|[/每一]期|季|年|每日|每天|/日|/天|一日|日費|次') AS says_other,
        -- the amount as a figure of its own: not a part of a longer one
        '(^|[^0-9.])' || yuan || '元?' AS before_unit,
        '[^0-9,;。+學期年時日次天]{0,10}' || yuan || '([^0-9]|$)' AS after_unit,
        -- said otherwise than as the result of a sum
        regexp_matches(said, '(^|[^0-9.=計均])' || yuan || '([^0-9]|$)') AS says_amount
    FROM tokened
),
read AS (
    SELECT
        *,
        yuan > 0 AND (
            regexp_matches(said, '(每月|月費|月繳|月平均|平均月費)' || after_unit)
            OR regexp_matches(said, before_unit || '(/月|/每月|每月$|\(每月\))')
        ) AS by_month,
        -- a sum the prose gives: monthly fee + monthly part, or monthly fee + a sixth of the half-yearly fee
        yuan > 0 AND NOT says_amount AND regexp_matches(said, '註冊') AND (
            (regexp_matches(said, '每月|月費|平均') AND len(list_filter(figures, lambda fee: fee < yuan AND len(
                list_filter(figures, lambda half: abs(half - 6 * (yuan - fee)) <= 5)) > 0)) > 0)
            OR (regexp_matches(said, '註冊費?(平均)?每月|每月註冊|平均每月|註冊費?[0-9]+元?/月|平均月費')
                AND len(list_filter(figures, lambda fee: fee < yuan AND list_contains(figures, yuan - fee))) > 0)
        ) AS by_sum,
        yuan > 0 AND NOT says_amount AND regexp_matches(said, '學期|S|半年|/6|平均|攤|每月')
            AND len(list_filter(figures, lambda half: abs(half - 6 * yuan) <= 5)) > 0 AS by_sixth,
        yuan > 0 AND len(figures) = 0 AND says_month AND NOT says_hour AND NOT says_other
            AND (NOT regexp_matches(said, '註冊') OR regexp_matches(said, '攤|平均|含註冊|月註冊|註冊費[/(]*(每月|月)'))
            AS by_month_words,
        yuan > 0 AND (
            regexp_matches(said, '([每/以](1|一)?個?(小時|時)|[費托](1|一)小時)' || after_unit)
            OR regexp_matches(said, before_unit || '(/|每|/每|/一|一)個?(小時|時|hr|h)')
        ) AS by_hour,
        yuan > 0 AND len(figures) = 0 AND says_hour AND NOT says_month AND NOT says_other AS by_hour_words,
        yuan > 0 AND (
            regexp_matches(said, '(每日|每天|日費)' || after_unit)
            OR regexp_matches(said, before_unit || '/(每?[日天])')
        ) AS by_day,
        yuan > 0 AND (
            regexp_matches(said, '(每次|單次)' || after_unit) OR regexp_matches(said, before_unit || '/(每?次)')
        ) AS by_time,
        yuan > 0 AND (
            regexp_matches(said, '(學期|半年|S)[^0-9,;。+每月]{0,10}' || yuan || '([^0-9]|$)')
            OR regexp_matches(said, before_unit || '[/(]?(每|一|1|以)*(學期|半年|S)')
        ) AND NOT list_contains(figures, 6 * yuan) AS by_term,
        yuan = 0 AND len(figures) = 0
            AND regexp_matches(said, '無償|免費|不收費|不予收費|不另收|內含|含於|已含|包含於')
            AND NOT regexp_matches(said, '未|若|如|依|滿|歲') AS is_free
    FROM figured
),
decided AS (
    SELECT
        *,
        CAST(by_month OR by_sum OR by_sixth OR by_month_words AS INTEGER) + CAST(by_hour OR by_hour_words AS INTEGER)
            + CAST(by_day AS INTEGER) + CAST(by_time AS INTEGER) + CAST(by_term AS INTEGER) AS units_read,
        CASE
            WHEN is_free OR by_month OR by_sum OR by_sixth OR by_month_words THEN 'per_month'
            WHEN by_hour OR by_hour_words THEN 'per_hour'
            WHEN by_day THEN 'per_day'
            WHEN by_time THEN 'per_time'
            WHEN by_term AND fee_item_code = 'registration' THEN 'per_term'
        END AS unit
    FROM read
)
SELECT
    _row,
    CASE
        WHEN listing_no > 1 THEN 'source-listed-twice'
        WHEN yuan = 0 AND NOT is_free THEN 'fee-zero-unclear'
        WHEN yuan > 0 AND (unit IS NULL OR units_read <> 1) THEN 'fee-unit-unclear'
    END AS _finding_code,
    'fee_unit_code' AS _finding_column,
    -- mode, item, place in the list, amount and explanation as received: what a person needs to correct it
    mode || ' ' || item || ' ' || position || ': ' || amount || '元 ' || prose AS _finding_value,
    area.code AS area_code,
    regexp_extract(_path, '([^/]+)\.json$', 1) AS provider_id,
    fee_item_code,
    'any' AS class_type_code,
    CASE mode WHEN '日間托育' THEN 'full_day' WHEN '半日托育' THEN 'half_day' WHEN '臨時托育' THEN 'temporary' ELSE mode END
        AS service_mode_code,
    row_number() OVER (PARTITION BY _row, mode, fee_item_code ORDER BY position) AS fee_line_no,
    'posted_price' AS collection_basis_code,
    snapshot_on() AS observed_on,
    amount AS fee_amount,
    unit AS fee_unit_code,
    CASE WHEN unit = 'per_term' AND regexp_matches(said, 'S|半年') THEN '6' END AS months_basis
FROM decided
LEFT JOIN profile_codelist AS area ON area.list_name = 'area' AND area.title_zh = substr("所在地", 4, 3)
ORDER BY _row, service_mode_code, fee_item_code, fee_line_no
