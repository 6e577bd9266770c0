-- Dates and months: ISO, Chinese (in digits or numerals), slashes, dots, eight digits, a time of day behind it, and
-- spreadsheet serials (epoch 1899-12-30; 30000 to 59999, 1982 to 2064: 20263 is no day, and 60 is 1900-02-29, which
-- never was). A workbook of epoch 1904 says so itself and comes with its dates made out.
-- Never guessed, always told: two-digit years, day or month first, other calendars, other time zones, 24:00.
-- 长期 (open-ended) is the absence of an end and gives NULL without being an error.

CREATE OR REPLACE TEMP MACRO is_open_ended(x) AS
    CASE WHEN strlen(x) > 60 THEN FALSE ELSE
        regexp_full_match(x, '[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]*(?:长期|长期有效|永久|永久有效|无固定期限|无期限)[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]*') END;

CREATE OR REPLACE TEMP MACRO plausible_date(d) AS
    CASE WHEN d BETWEEN DATE '1900-01-01' AND DATE '2199-12-31' THEN d END;

-- 二〇二四年十二月三十一日 in digits
CREATE OR REPLACE TEMP MACRO numeral_date(w) AS
        replace(regexp_replace(regexp_replace(regexp_replace(
            translate(w, '〇零○一二三四五六七八九', '000123456789'),
            '([1-3])十([1-9])', '\1\2', 'g'), '([1-3])十', '\10', 'g'), '十([1-9])', '1\1', 'g'), '十', '10');

CREATE OR REPLACE TEMP MACRO date_text(x) AS
    CASE WHEN regexp_matches(x, '[一二三四五六七八九十]') THEN numeral_date(plain_words(x)) ELSE plain_words(x) END;

CREATE OR REPLACE TEMP MACRO date_of_words(s) AS
    CASE
        WHEN regexp_full_match(s, '(19|20|21)[0-9]{2} ?(- ?[0-9]{1,2} ?- ?[0-9]{1,2}|/ ?[0-9]{1,2} ?/ ?[0-9]{1,2}|\. ?[0-9]{1,2} ?\. ?[0-9]{1,2}|年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日号]?)([T ](0?[0-9]|1[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?( ?[+]08:?00)?)?')
            THEN TRY_CAST(regexp_replace(s, '^([0-9]{4}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?([0-9]{1,2}).*$', '\1-\2-\3') AS DATE)
        WHEN regexp_full_match(s, '(19|20|21)[0-9]{6}')
            THEN TRY_CAST(concat(substr(s, 1, 4), '-', substr(s, 5, 2), '-', substr(s, 7, 2)) AS DATE)
        WHEN regexp_full_match(s, '[3-5][0-9]{4}(\.[0-9]+)?')
            THEN DATE '1899-12-30' + TRY_CAST(substr(s, 1, 5) AS INTEGER)
    END;

CREATE OR REPLACE TEMP MACRO norm_date(x) AS
    CASE WHEN CAST(TRY_CAST(x AS DATE) AS VARCHAR) = x THEN plausible_date(TRY_CAST(x AS DATE))
        ELSE list_transform([date_text(x)], lambda s: date_of_words(s))[1] END;

-- 2024.1 may be October: a spreadsheet drops the last zero of 2024.10
CREATE OR REPLACE TEMP MACRO month_of_words(s) AS
    CASE WHEN regexp_full_match(s, '(19|20|21)[0-9]{2}( ?[-/年] ?(0?[1-9]|1[0-2]) ?(月份?)?|\. ?(0[1-9]|[2-9]|1[0-2]) ?(月份?)?|(0[1-9]|1[0-2]))')
        THEN concat(substr(s, 1, 4), '-', lpad(regexp_extract(s, '^[0-9]{4} ?[-/.年]? ?([0-9]+)', 1), 2, '0')) END;

CREATE OR REPLACE TEMP MACRO norm_month(x) AS
    CASE WHEN regexp_full_match(x, '(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])') THEN x
        ELSE list_transform([date_text(x)], lambda s:
            coalesce(month_of_words(s), strftime(date_of_words(s), '%Y-%m')))[1] END;
