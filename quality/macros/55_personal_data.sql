-- Numbers of persons: resident identity numbers, mobile numbers, bank cards, travel documents, wherever they stand in
-- a text and however they are written. Rule: domain dossier 4.7, R-PII-01. The gate holds public text by them, and the
-- release refuses tables by them (quality/disclosure/columns.py): one truth. Landlines and service numbers are fine.

-- What may hold one: eleven digits with little between them, digits of other scripts, Chinese numerals in a row, odd
-- signs between digits, words about persons. One cheap look; most cells end here.
CREATE OR REPLACE TEMP MACRO may_be_personal(x) AS
    CASE WHEN strlen(x) < 8 THEN FALSE ELSE
        regexp_matches(x, '(?:[0-9][- .()]{0,3}){11}|[0-9][- .()]{0,3}[０-９⁰¹²³⁴-⁹₀-₉⓪①-⑨٠-٩۰-۹०-९\x{1D7CE}-\x{1D7FF}]|[０-９⁰¹²³⁴-⁹₀-₉⓪①-⑨٠-٩۰-۹०-९\x{1D7CE}-\x{1D7FF}][- .()]{0,3}[0-9]|[０-９⁰¹²³⁴-⁹₀-₉⓪①-⑨٠-٩۰-۹०-९\x{1D7CE}-\x{1D7FF}]{4}|(?:[零〇○一壹幺二贰貳两三叁四肆五伍六陆陸七柒八捌九玖][0-9]?){4}|[0-9][－﹣‐‑‒–—―−·・･•‧∙⋅．。\t\x{3000}\x{00A0}\x{2002}\x{2003}\x{2009}\x{202F}]{1,3}[0-9]{3}|[0-9][\x{200B}-\x{200D}\x{2060}\x{FEFF}\x{00AD}][0-9]|[A-Za-z][0-9]{7}|微信号|wxid_|[qQ]{2}号|身份证|负责人|联系人|法人|法定代表人|园长|经办人|护照|通行证|车牌|家住|日出?生|过敏|患|@|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•]?[0-9A-HJ-NP-Z]{5}') END;

-- digits 0-9, '-' for every dash and dot between, ' ' for every space; what has no width is left out
CREATE OR REPLACE TEMP MACRO searched_text(x) AS
    translate(regexp_replace(x, '[\t\r\n]', ' ', 'g'), '０１２３４５６７８９⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉⓪①②③④⑤⑥⑦⑧⑨٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡𝟢𝟣𝟤𝟥𝟦𝟧𝟨𝟩𝟪𝟫𝟬𝟭𝟮𝟯𝟰𝟱𝟲𝟳𝟴𝟵𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿Ｘｘ－﹣‐‑‒–—―−·・･•‧∙⋅．。　     ' || '​‌‍⁠﻿­',
        '012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789Xx----------------..      ');

CREATE OR REPLACE TEMP MACRO spoken_digits(s) AS
    translate(s, '零〇○一壹幺二贰貳两三叁四肆五伍六陆陸七柒八捌九玖', '0001112222334455666778899');

-- GB 11643-1999 (ISO 7064 MOD 11-2), 18 characters, the date of birth inside
CREATE OR REPLACE TEMP MACRO gb11643_valid(c) AS
    CASE WHEN c IS NULL THEN NULL
        WHEN NOT regexp_full_match(c, '[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]') THEN FALSE
        ELSE substr('10X98765432', 1 + CAST(list_sum(list_transform([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
            lambda w, i: w * CAST(substr(c, i, 1) AS INTEGER))) % 11 AS INTEGER), 1) = substr(c, 18, 1) END;

-- The form before 1999 has fifteen digits and no check. District numbers made of area, date and serial look alike:
-- born 1935 to 1999, in a province that exists.
CREATE OR REPLACE TEMP MACRO gb11643_old(c) AS
    regexp_full_match(c, '(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])[0-9]{4}(?:3[5-9]|[4-9][0-9])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}');

CREATE OR REPLACE TEMP MACRO luhn_valid(d) AS
    CASE WHEN d IS NULL THEN NULL WHEN NOT regexp_full_match(d, '[0-9]{2,30}') THEN FALSE
        ELSE list_sum(list_transform(string_split(reverse(d), ''), lambda c, i: CASE WHEN i % 2 = 1
            THEN CAST(c AS INTEGER) ELSE 2 * CAST(c AS INTEGER) // 10 + 2 * CAST(c AS INTEGER) % 10 END)) % 10 = 0 END;

CREATE OR REPLACE TEMP MACRO has_mobile_number(s) AS
    regexp_matches(s, '(?:^|[^0-9])(?:(?:00)?86[- .]{0,3})?1[3-9][0-9](?:[- ]{0,3}[0-9]{4}[- ]{0,3}[0-9]{4}|[- ]?[.][- ]?[0-9]{4}[- ]?[.][- ]?[0-9]{4})(?:[^0-9]|$)');

-- Runs of digits, with a place before and behind; numbers begin at any digit that follows none.
CREATE OR REPLACE TEMP MACRO digit_runs(s) AS
    list_transform(list_filter(regexp_extract_all(s, '[0-9][0-9Xx. -]{0,1000}'), lambda r: strlen(r) >= 15),
        lambda r: concat(' ', upper(r), ' '));

CREATE OR REPLACE TEMP MACRO has_resident_id(s) AS
    len(list_filter(flatten(list_transform(digit_runs(s), lambda r:
            list_transform(range(1, strlen(r)), lambda i: substr(r, i, 37)))), lambda t:
        coalesce(gb11643_valid(regexp_replace(regexp_extract(
                t, '^[^0-9]([1-9](?:[- .]?[0-9]){16}[- .]?[0-9X])[^0-9]', 1), '[- .]', '', 'g')), FALSE)
            OR gb11643_old(regexp_extract(t, '^[^0-9]([1-9][0-9]{14})[^0-9]', 1)))) > 0;

-- In free text a number somebody mistyped is still somebody's: a province that exists, a date of birth, whatever the
-- check digit; or the word itself with digits behind it. Columns of numbers are not looked at so: districts make theirs
-- of area, date and serial.
CREATE OR REPLACE TEMP MACRO has_resident_number(s) AS
    regexp_matches(s, '(?:^|[^0-9])(?:1[- .]?[1-5]|2[- .]?[1-3]|3[- .]?[1-7]|4[- .]?[1-6]|5[- .]?[0-4]|6[- .]?[1-5]|7[- .]?1|8[- .]?[123])(?:[- .]?[0-9]){4}[- .]?(?:1[- .]?[89]|2[- .]?0)(?:[- .]?[0-9]){2}[- .]?(?:0[- .]?[1-9]|1[- .]?[0-2])[- .]?(?:0[- .]?[1-9]|[12][- .]?[0-9]|3[- .]?[01])(?:[- .]?[0-9]){3}[- .]?[0-9Xx](?:[^0-9]|$)|身份证(?:明|件|编?号码?|是|为|尾号|后[四六]位|[^0-9\x{4E00}-\x{9FFF}]){0,6}[0-9](?:[- .]?[0-9Xx]){3}');

-- UnionPay and international cards of 16 or 19 digits, in one piece or in fours
CREATE OR REPLACE TEMP MACRO has_bank_card(s) AS
    len(list_filter(flatten(list_transform(digit_runs(s), lambda r:
            list_transform(range(1, strlen(r)), lambda i: substr(r, i, 26)))), lambda t:
        luhn_valid(regexp_replace(regexp_extract(
            t, '^[^0-9]((?:62|[45][0-9])[0-9]{2}(?:[- ]?[0-9]{4}){3}(?:[- ]?[0-9]{3})?)[^0-9]', 1), '[- ]', '', 'g')))) > 0;

CREATE OR REPLACE TEMP MACRO has_travel_document(s) AS
    regexp_matches(s, '(?:^|[^0-9A-Za-z])(?:[EGPDegpd][A-Za-z]?[0-9]{7,8}|[HMhm][0-9]{8,10})(?:[^0-9A-Za-z]|$)');

-- Words that come before what is somebody's own: an account, a mailbox, a number plate, a home, a birth, an illness.
-- 康复 centres name illnesses too, so one of them alone is no sign.
CREATE OR REPLACE TEMP MACRO has_personal_words(s) AS
    regexp_matches(s, '微信号|wxid_|[qQ]{2}号|(?:护照|通行证)[^0-9A-Za-z]{0,4}[A-Za-z]{1,2}[0-9]{6}|家住|[0-9]{1,2}月[0-9]{1,2}日出?生|[日岁生].*过敏|患(?:有|了)?[^者，。；、 ]{1,8}[症病炎]|[0-9A-Za-z._%+-]+@[0-9A-Za-z-]+[.][A-Za-z]{2}|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][-·•]?[0-9A-HJ-NP-Z]{5}');

-- the surnames that are looked for, as a pattern (quality/disclosure/reasons.py reads it too)
CREATE OR REPLACE TEMP MACRO surname_pattern() AS
    '(?:[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文施洪俞章鲁葛韦陶翁庄裘楼骆]|欧阳|诸葛|上官|司马)';

-- A post and a name behind it, up to the end of the word. 园长 also stands inside of 公园长江路: it begins a word, or a
-- colon follows it.
CREATE OR REPLACE TEMP MACRO has_person_s_name(s) AS
    regexp_matches(s, concat('(?:(?:负责人|联系人|法人|法人代表|法定代表人|经办人)(?:姓名|是|为|[：: ]){0,3}|园长(?:姓名|是|为|[：: ])[：: ]{0,3}|(?:^|[^\x{4E00}-\x{9FFF}])园长)', surname_pattern(), '[\x{4E00}-\x{9FFF}]{1,3}?(?:[^\x{4E00}-\x{9FFF}]|$|电话|手机|联系|先生|女士|老师|身份证)'));

-- A credit code is nobody's number: eleven of its digits are no telephone. What is both by its check digits stays, and
-- what has somebody's date of birth: one of thirty-one mistyped numbers is a credit code by chance.
CREATE OR REPLACE TEMP MACRO without_credit_codes(s) AS
    list_reduce(list_prepend(s, list_filter(regexp_extract_all(s, '\b[0-9A-Z]{18}\b'),
        lambda c: gb32100_valid(c) AND NOT gb11643_valid(c) AND NOT has_resident_number(c))), lambda a, c: replace(a, c, ''));

-- the codes of what is found. kind: what the column holds, 'text', or an identifier of some kind (no cards are looked for:
-- numbers of districts look like them), of which a 'credit_code' is one by its check digit: the column says so
CREATE OR REPLACE TEMP MACRO personal_codes(x, kind) AS
    list_transform([without_credit_codes(searched_text(x))], lambda s: list_filter([
        CASE WHEN (kind <> 'credit_code' OR NOT gb32100_valid(searched_text(x)))
            AND (has_resident_id(s) OR has_resident_id(spoken_digits(s))
                OR kind = 'text' AND has_resident_number(spoken_digits(s))) THEN 'resident-id-in-text' END,
        CASE WHEN has_mobile_number(s) OR has_mobile_number(spoken_digits(s)) THEN 'mobile-number-in-text' END,
        CASE WHEN kind = 'text' AND has_bank_card(s) THEN 'bank-card-in-text' END,
        CASE WHEN kind = 'text' AND has_travel_document(s) THEN 'travel-document-in-text' END,
        CASE WHEN kind = 'text' AND (has_personal_words(s) OR has_person_s_name(s)) THEN 'personal-words-in-text' END
    ], lambda c: c IS NOT NULL))[1];
