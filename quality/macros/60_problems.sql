-- What exactly is wrong with a cell that is no value of its column: the code of the finding that says how to mend it.
-- Asked only of cells that failed (quality/judging/diagnosis.py), never of the others, so these may be slow.

CREATE OR REPLACE TEMP MACRO is_cell_error(x) AS
    regexp_full_match(x, '\s*(?:#(?:N/A|REF!|DIV/0!|VALUE!|NAME[?]|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|#{2,})\s*');

-- 24-36, 3000～4000元, 6至36月龄, 3500/4200; 约60, 16000余, 60以上, ≥60, 三四十; 3天 where hours are asked
CREATE OR REPLACE TEMP MACRO number_problem(s, whole) AS
    CASE
        WHEN is_cell_error(upper(s)) THEN 'cell-error'
        WHEN regexp_full_match(s, '[^0-9]{0,6}(?:¥?[0-9][0-9,]*(?:\.[0-9]+)?|[零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十百千万拾佰仟萬]+)[^0-9\-–—―~至到/]{0,6}(?:-+|[–—―~/]+|至|到) ?(?:¥?[0-9][0-9,]*(?:\.[0-9]+)?|[零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十百千万拾佰仟萬]+)[^0-9]{0,8}') THEN 'number-range'
        WHEN regexp_matches(s, '[0-9零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十百千万拾佰仟萬]') AND regexp_matches(s, '[约余多近几来]|以上|以下|以内|不足|不到|至少|至多|最多|最少|超过?|左右|上下|大概|[<>≥≤≧≦≈]|^[一二两三四五六七八九]{2}(?:[^0-9零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十百千万拾佰仟萬]|[十百千万]|$)|十[一二三四五六七八九]{2}')
            THEN 'number-approximate'
        WHEN regexp_full_match(s, '[+-]?¥?[0-9][0-9,]*\.[0-9]+ ?[\x{4E00}-\x{9FFF}]{0,3}') THEN CASE WHEN whole THEN 'number-not-whole' ELSE 'number-decimals' END
        WHEN regexp_full_match(s, '[+-]?¥? ?[0-9][0-9,]*(?:\.[0-9]+)? ?[^0-9 ,._+*=-].*') THEN 'number-unit'
        ELSE 'value-type' END;

CREATE OR REPLACE TEMP MACRO date_problem(s) AS
    CASE
        WHEN is_cell_error(upper(s)) THEN 'cell-error'
        WHEN regexp_matches(s, '民国|民國|农历|農曆|阴历|正月|腊月|闰|初[一二三四五六七八九十]|[廿卅]|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年|昭和|平成|令和')
            THEN 'date-other-calendar'
        WHEN regexp_full_match(s, '[0-9]{4} ?[-/.年] ?[0-9]{1,2} ?[-/.月] ?[0-9]{1,2} ?[日号]?|[0-9]{8}|[0-9]{4} ?[-/.年] ?(?:1[3-9]|[2-9][0-9]|00?) ?月?')
            THEN 'date-impossible'
        WHEN regexp_full_match(s, '[0-9]{1,2} ?[-/. ] ?[0-9]{1,2} ?[-/. ] ?(?:[0-9]{1,2}|[0-9]{4})|[0-9]{2} ?年.*|.*[A-Za-z]{3,}.*[0-9]+.*|(?:19|20|21)[0-9]{2}\.1|(?:19|20|21)[0-9]{2} ?[-/.年] ?[0-9]{1,2} ?[-/.月] ?[0-9]{1,2} ?[日号]?[Tt ]+[0-9]{1,2}:.*')
            THEN 'date-ambiguous'
        WHEN regexp_full_match(s, '[0-9]{4} ?[-/.年] ?[0-9]{1,2}(?: ?[-/.月] ?[0-9]{1,2} ?[日号]?)?[月日]? ?(?:-+|[–—―~/]+|至|到) ?(?:[0-9]{4} ?[-/.年])? ?[0-9]{1,2}.*') THEN 'date-range'
        WHEN regexp_full_match(s, '[0-9]{4} ?年?度?|[0-9]{4} ?[-/.年]? ?[0-9]{1,2} ?月?份?|[0-9]{1,2} ?月.*|.*(?:季度|[qQ] ?[1-4]|[上下]半年).*')
            THEN 'date-incomplete'
        ELSE 'value-type' END;

-- Held are signs that no one can see or that turn the order of what is seen, and signs that got lost on the way: the
-- replacement character, no characters, accents without end.
CREATE OR REPLACE TEMP MACRO has_control_character(x) AS
    regexp_matches(x, '[\x00-\x08\x0E-\x1F\x7F-\x{0084}\x{0086}-\x{009F}\x{061C}\x{202A}-\x{202E}\x{2065}-\x{206F}\x{FFF9}-\x{FFFB}\x{E0000}-\x{E007F}]');

CREATE OR REPLACE TEMP MACRO is_damaged(x) AS
    regexp_matches(x, '[\x{FFFD}-\x{FFFF}\x{FDD0}-\x{FDEF}\x{EFFFE}\x{EFFFF}\x{FFFFE}\x{FFFFF}\x{10FFFE}\x{10FFFF}]|[\x{0300}-\x{036F}\x{0483}-\x{0489}\x{20D0}-\x{20F0}]{3}');

-- characters that mean something only where somebody drew them, as people did for rare characters of names
CREATE OR REPLACE TEMP MACRO has_private_character(x) AS
    regexp_matches(x, '[\x{E000}-\x{F8FF}\x{F0000}-\x{FFFFD}\x{100000}-\x{10FFFD}]');

-- how a spreadsheet recognises a formula, also behind a quotation mark or an apostrophe; full-width signs are taken too
CREATE OR REPLACE TEMP MACRO is_formula(x) AS regexp_matches(x, '^["''“”‘’＂＇\s]*[=+@\-＝＋－＠−﹢﹣﹦﹫]');

-- a code that a spreadsheet took for a number: 12345678.0, 5.23102E+17; what it had in front or at its end is lost
CREATE OR REPLACE TEMP MACRO is_mangled_code(x) AS regexp_matches(x, '^[0-9]+[.]0+$|^[0-9]+(?:[.][0-9]+)?[eE][+][0-9]+$');

-- one cheap look at a text that will not be published, and one at a text that will: whether anything may be wrong
CREATE OR REPLACE TEMP MACRO is_suspect_text(x) AS
    regexp_matches(x, '[\x00-\x1F\x7F-\x{009F}\x{061C}\x{202A}-\x{202E}\x{2065}-\x{206F}\x{E000}-\x{F8FF}\x{FDD0}-\x{FDEF}\x{FFF9}-\x{10FFFF}\x{0300}-\x{036F}\x{0483}-\x{0489}\x{20D0}-\x{20F0}]|^#|^[0-9]+[.]0+$|^[0-9.]+[eE][+]');

CREATE OR REPLACE TEMP MACRO is_suspect_public_text(x) AS
    is_suspect_text(x) OR is_formula(x) OR may_be_personal(x);

-- All codes of a cell. kind: a type of the contract, or what a text column holds: 'identifier' or 'credit_code'
-- (folded by the pass), 'reference' (a number kept as written), 'text'
CREATE OR REPLACE TEMP MACRO text_problems(v, kind, public) AS
    list_concat(list_filter([
        CASE WHEN is_cell_error(v) THEN 'cell-error' END,
        CASE WHEN kind <> 'text' AND is_mangled_code(v) THEN 'code-mangled' END,
        CASE WHEN has_control_character(v) THEN 'text-control-character' END,
        CASE WHEN is_damaged(v) THEN 'text-damaged' END,
        CASE WHEN has_private_character(v) THEN 'text-private-character' END,
        CASE WHEN public AND is_formula(v) THEN 'text-formula' END
    ], lambda c: c IS NOT NULL), CASE WHEN public AND may_be_personal(v) THEN personal_codes(v, kind) ELSE [] END);

CREATE OR REPLACE TEMP MACRO cell_problems(raw, kind, public) AS
    CASE
        WHEN kind IN ('integer', 'number') THEN [number_problem(lower(replace(plain_words(raw), '−', '-')), kind = 'integer')]
        WHEN kind IN ('date', 'yearmonth') THEN [date_problem(date_text(raw))]
        WHEN kind = 'boolean' THEN [CASE WHEN is_cell_error(raw) THEN 'cell-error' ELSE 'value-type' END]
        ELSE text_problems(CASE WHEN kind IN ('identifier', 'credit_code') THEN norm_id(raw) ELSE norm_text(raw) END,
            kind, public) END;
