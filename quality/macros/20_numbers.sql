-- Numbers as people write them: full-width digits, thousands separators, a unit in the cell, 万 (ten thousand).
-- units: the alternatives of a regular expression, the words of the field's own unit; any other word fails.
-- Casts are never trusted alone: they would take 12.6 for 13 and 1_000 for 1000.

CREATE OR REPLACE TEMP MACRO number_of_words(s, units) AS
    CASE WHEN regexp_full_match(s, '[+-]?¥?([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.[0-9]{1,12})?万?(' || units || ')?')
        THEN TRY_CAST(replace(regexp_extract(s, '[0-9][0-9,]*(\.[0-9]+)?'), ',', '') AS DECIMAL(27, 9))
            * CASE WHEN contains(s, '万') THEN 10000 ELSE 1 END
            * CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END
    END;

CREATE OR REPLACE TEMP MACRO norm_number(x, units) AS
    CASE WHEN regexp_full_match(x, '-?[0-9]{1,15}(\.[0-9]{1,9})?') THEN CAST(x AS DECIMAL(38, 9))
        ELSE number_of_words(lower(squeeze(x)), units) END;

CREATE OR REPLACE TEMP MACRO norm_integer(x, units) AS
    CASE WHEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR) = x THEN TRY_CAST(x AS BIGINT)
        WHEN norm_number(x, units) = trunc(norm_number(x, units)) THEN TRY_CAST(norm_number(x, units) AS BIGINT) END;

-- ages and terms in months: 3岁 is 36
CREATE OR REPLACE TEMP MACRO norm_months(x) AS
    CASE WHEN regexp_matches(x, '岁') THEN 12 * norm_integer(x, '周?岁') ELSE norm_integer(x, '个?月龄?') END;
