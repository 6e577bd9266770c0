-- Folding of text as people type it: full-width forms, units drawn as one sign, white space, words for "nothing".
-- Rule: domain dossier 4.10. Only keys, codes and numbers are folded; official names keep their own characters.

-- A macro is pasted wherever it is used, argument and all, and a long text of SQL costs more to plan than a small
-- file to judge. So an argument that is itself an expression is bound once: list_transform([e], lambda v: ...)[1].
-- For the same reason a list of words is one regular expression, and not a list.

-- Text without any such sign is returned as it is, because translate costs thirty times more.
CREATE OR REPLACE TEMP MACRO fold_width(x) AS
    CASE WHEN NOT regexp_matches(x, '[\x{3000}\x{FF01}-\x{FF5E}\x{FFE5}\x{33A1}\x{00B2}]') THEN x ELSE
        replace(replace(translate(x,
            '　！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～￥',
            ' !"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~¥'),
        '㎡', 'm2'), 'm²', 'm2') END;

-- Two kinds of characters stand for nothing. Blanks: spaces of any width, tabs, line ends. Invisible ones: soft
-- hyphen, zero-width signs, byte order mark, left-to-right marks, variation selectors. Signs that turn the order of
-- what is seen (U+202A-202E, U+2066-2069) are not among them: they are told, never dropped (60_problems.sql).

-- without blanks and invisible characters
CREATE OR REPLACE TEMP MACRO squeeze(x) AS
    regexp_replace(fold_width(x), '[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]+', '', 'g');

-- without them at both ends
CREATE OR REPLACE TEMP MACRO strip(x) AS
    regexp_replace(x, '^[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]+|[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]+$', '', 'g');

-- without invisible characters, and one plain space for each run of blanks: what numbers and dates are read from
CREATE OR REPLACE TEMP MACRO plain_words(x) AS
    trim(regexp_replace(regexp_replace(fold_width(x), '[\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]+', '', 'g'), '[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]+', ' ', 'g'));

-- Longer cells are not looked at: no such word has more than 60 bytes.
CREATE OR REPLACE TEMP MACRO is_missing_word(x) AS
    CASE WHEN strlen(x) > 60 THEN FALSE ELSE regexp_full_match(x,
        '[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]*(?:-+|[—–―─－﹣]+|[/／]+|[\\＼]+|[?？]+|无|没\s*有|暂\s*无|暂\s*缺|不\s*详|不\s*明|未\s*知|未\s*填|未填写|未填报|未提供|无数据|无资料|暂无数据|待\s*定|待\s*填|待\s*补|待补充|待核实|不适用|空|[(（]空[)）]|空白|缺|缺失|[nNｎＮ][/／.]?[aAａＡ][.]?|[nNｎＮ][uUｕＵ][lLｌＬ][lLｌＬ]|[nN][iI][lL]|[nN][oO][nN][eE]|[tT][bB][dD])?[\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]*'
        ) END;

-- Whether a text holds anything but plain characters, or blanks at its ends.
CREATE OR REPLACE TEMP MACRO is_untidy(x) AS
    regexp_matches(x, '[\x00-\x1F\x7F-\x{00A0}\x{00AD}\x{0300}-\x{036F}\x{0483}-\x{0489}\x{1100}-\x{11FF}\x{1680}\x{180E}\x{2000}-\x{200F}\x{2028}\x{2029}\x{202F}\x{205F}-\x{2064}\x{20D0}-\x{20F0}\x{2E9F}\x{2EF3}\x{2F00}-\x{2FD5}\x{3099}\x{309A}\x{FE00}-\x{FE2F}\x{FEFF}\x{E0000}-\x{E01EF}]|^[ \x{3000}]|[ \x{3000}]$');

-- Only what is certain: invisible characters go, line ends, tabs and odd spaces become a space, letters and their
-- accents are put together (NFC), the radicals that some fonts use for ideographs become the ideographs.
CREATE OR REPLACE TEMP MACRO tidy_text(x) AS
    strip(nfc_normalize(translate(regexp_replace(regexp_replace(x, '[\x{00AD}\x{180E}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FE00}-\x{FE0F}\x{FEFF}\x{E0100}-\x{E01EF}]+', '', 'g'),
        '\r\n|[\t\n\x0B\f\r\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}]', ' ', 'g'),
        '⼀⼁⼂⼃⼄⼅⼆⼇⼈⼉⼊⼋⼌⼍⼎⼏⼐⼑⼒⼓⼔⼕⼖⼗⼘⼙⼚⼛⼜⼝⼞⼟⼠⼡⼢⼣⼤⼥⼦⼧⼨⼩⼪⼫⼬⼭⼮⼯⼰⼱⼲⼳⼴⼵⼶⼷⼸⼹⼺⼻⼼⼽⼾⼿⽀⽁⽂⽃⽄⽅⽆⽇⽈⽉⽊⽋⽌⽍⽎⽏⽐⽑⽒⽓⽔⽕⽖⽗⽘⽙⽚⽛⽜⽝⽞⽟⽠⽡⽢⽣⽤⽥⽦⽧⽨⽩⽪⽫⽬⽭⽮⽯⽰⽱⽲⽳⽴⽵⽶⽷⽸⽹⽺⽻⽼⽽⽾⽿⾀⾁⾂⾃⾄⾅⾆⾇⾈⾉⾊⾋⾌⾍⾎⾏⾐⾑⾒⾓⾔⾕⾖⾗⾘⾙⾚⾛⾜⾝⾞⾟⾠⾡⾢⾣⾤⾥⾦⾧⾨⾩⾪⾫⾬⾭⾮⾯⾰⾱⾲⾳⾴⾵⾶⾷⾸⾹⾺⾻⾼⾽⾾⾿⿀⿁⿂⿃⿄⿅⿆⿇⿈⿉⿊⿋⿌⿍⿎⿏⿐⿑⿒⿓⿔⿕⺟⻳',
        '一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠母龟')));

-- official text; NULL where the cell is empty or says that there is nothing
CREATE OR REPLACE TEMP MACRO norm_text(x) AS
    CASE WHEN NOT is_untidy(x) THEN CASE WHEN NOT is_missing_word(x) THEN x END
        ELSE list_transform([tidy_text(x)], lambda t: CASE WHEN NOT is_missing_word(t) THEN t END)[1] END;

-- identifiers: folded, upper case, no blanks, not the apostrophe by which a spreadsheet marks text. O is never
-- repaired to 0. 330108001.0 is a number Excel made of a code. What holds a digit is no word for nothing.
CREATE OR REPLACE TEMP MACRO norm_id(x) AS
    CASE WHEN regexp_full_match(x, '[A-Z_-]*[0-9][0-9A-Z_-]*') THEN x
        WHEN is_missing_word(x) THEN NULL
        ELSE list_transform([regexp_replace(upper(squeeze(x)), '^[''’]?([0-9]+)\.0+$|^[''’]', '\1')],
            lambda s: CASE WHEN NOT is_missing_word(s) THEN s END)[1] END;

-- what stands in a cell whose word is in no code list: as it was written
CREATE OR REPLACE TEMP MACRO unknown_code(x) AS CASE WHEN NOT is_missing_word(x) THEN strip(x) END;

-- the word under which codes are looked up: most cells hold it already
CREATE OR REPLACE TEMP MACRO code_word(x) AS
    CASE WHEN regexp_full_match(x, '[0-9a-z_\x{4E00}-\x{9FFF}]*') THEN x
        ELSE regexp_replace(lower(squeeze(x)), '^([0-9]+)\.0+$', '\1') END;
