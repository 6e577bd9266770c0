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
        ELSE list_transform([lower(squeeze(x))], lambda s: number_of_words(s, units))[1] END;

CREATE OR REPLACE TEMP MACRO whole_number(n) AS CASE WHEN n = trunc(n) THEN TRY_CAST(n AS BIGINT) END;

CREATE OR REPLACE TEMP MACRO norm_integer(x, units) AS
    CASE WHEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR) = x THEN TRY_CAST(x AS BIGINT)
        ELSE list_transform([norm_number(x, units)], lambda n: whole_number(n))[1] END;

-- ages and terms in months: 3岁 is 36
CREATE OR REPLACE TEMP MACRO norm_months(x) AS
    norm_integer(x, '个?月龄?|周?岁') * CASE WHEN contains(x, '岁') THEN 12 ELSE 1 END;
