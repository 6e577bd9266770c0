-- code: filing-deadlines
-- zh: 备案程序的法定时限
-- en: Legal time limits of filings
-- expects_zh: 每个到期的时限都按期办结；进行中和无法判断的不计
-- expects_en: every limit that has ended was kept; those running and those that cannot be judged do not count
-- source: 国卫办人口发〔2019〕25号 Art. 9
-- concerns: open_whitelist_deadline
-- reads: open_whitelist_deadline
-- names: open_whitelist_decision, provider_id, provider_name
SELECT area_code, provider_id AS member_id, deadline_code AS period, deadline_state_code = 'met' AS is_received
FROM open_whitelist_deadline
WHERE deadline_state_code IN ('met', 'late')
