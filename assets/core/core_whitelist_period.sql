-- The whitelist as a state machine: on each day on which a fact or a parameter begins or ends, every condition is
-- evaluated anew from what holds on that day, and equal neighbours are one period.
--
-- Of several certificates of one type the latest issued one counts, also when an older one still runs. A certificate
-- is good on its last day; a nonconformity is closed from the day of its closing. What a missing parameter leaves
-- open is named in `not_evaluated_codes` and is neither a reason against listing nor one for it. Certificates and
-- inspections matter only to a provider on file: who has left needs no second reason.
--
-- `recorded_on` is the day by which the facts that make the state had been received: those that begin or end on its
-- first day, and of a listing every certificate it rests on; never before the state itself begins. Who is missing
-- from a register is known when that register has come.
-- concat_ws with the codes in their alphabetical order makes the list; an aggregate with ORDER BY is not portable.
WITH parameter AS (
    SELECT
        code,
        value_text,
        source,
        COALESCE(valid_from_on, DATE '1900-01-01') AS valid_from_on,
        COALESCE(valid_to_on, DATE '9999-12-30') AS valid_to_on
    FROM profile_parameter
    WHERE code IN ('required_document_types', 'food_licence_required_meal_modes')
),
document AS (
    SELECT
        area_code,
        provider_id,
        document_type_code,
        issued_on,
        LEAD(issued_on) OVER (
            PARTITION BY area_code, provider_id, document_type_code ORDER BY issued_on
        ) AS next_issued_on,
        valid_to_on,
        conclusion_code,
        received_on
    FROM core_filing_document
),
register AS (
    SELECT source_code, event_on, MAX(received_on) AS received_on
    FROM core_filing
    WHERE filing_event_code = 'snapshot'
    GROUP BY source_code, event_on
),
statement AS (
    SELECT
        period.area_code,
        period.provider_id,
        period.valid_from_on,
        GREATEST(period.received_on, COALESCE(register.received_on, period.received_on)) AS received_on
    FROM core_provider AS period
    LEFT JOIN register
        ON register.source_code = period.source_code
        AND register.event_on = period.valid_from_on
        AND period.removal_reason_code = 'absent-from-source'
),
provider AS (
    SELECT area_code, provider_id, MIN(valid_from_on) AS first_on
    FROM core_provider
    GROUP BY area_code, provider_id
),
fact AS (
    SELECT area_code, provider_id, valid_from_on AS turn_on, received_on FROM statement
    UNION ALL
    SELECT area_code, provider_id, issued_on, received_on FROM document
    UNION ALL
    SELECT area_code, provider_id, DATE_ADD(valid_to_on, 1), received_on FROM document WHERE valid_to_on IS NOT NULL
    UNION ALL
    SELECT area_code, provider_id, inspected_on, received_on
    FROM core_inspection
    WHERE inspection_result_code = 'nonconform'
    UNION ALL
    SELECT area_code, provider_id, closed_on, received_on
    FROM core_inspection
    WHERE inspection_result_code = 'nonconform'
    UNION ALL
    SELECT area_code, provider_id, valid_from_on, NULL FROM provider CROSS JOIN parameter
    UNION ALL
    SELECT area_code, provider_id, DATE_ADD(valid_to_on, 1), NULL FROM provider CROSS JOIN parameter
),
turn AS (
    SELECT area_code, provider_id, turn_on, MAX(received_on) AS received_on
    FROM fact
    GROUP BY area_code, provider_id, turn_on
),
-- one row per provider and day on which anything may change, with the period of the provider it falls into
moment AS (
    SELECT
        turn.area_code,
        turn.provider_id,
        turn.turn_on,
        turn.received_on AS turn_received_on,
        period.received_on AS filing_received_on,
        period.filing_status_code,
        period.removal_reason_code,
        period.service_form_code,
        period.meal_mode_code,
        period.filing_status_code IN ('filed', 'changed', 'suspended', 'noncompliant')
            AND period.service_form_code <> 'home_visit' AS is_examined,
        period.is_on_file
    FROM turn
    CROSS JOIN profile_run AS run
    INNER JOIN core_provider AS period
        ON period.area_code = turn.area_code
        AND period.provider_id = turn.provider_id
        AND period.valid_from_on <= turn.turn_on
        AND (period.valid_to_on IS NULL OR period.valid_to_on > turn.turn_on)
    WHERE turn.turn_on <= run.as_of_on
),
rule AS (
    SELECT
        day.turn_on,
        parameter.code,
        parameter.value_text,
        ROW_NUMBER() OVER (
            PARTITION BY day.turn_on, parameter.code
            ORDER BY parameter.valid_from_on DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT turn_on FROM moment) AS day
    INNER JOIN parameter ON parameter.valid_from_on <= day.turn_on AND parameter.valid_to_on >= day.turn_on
),
required AS (
    SELECT rule.turn_on, list.code AS document_type_code
    FROM rule
    INNER JOIN profile_codelist AS list
        ON list.list_name = 'document_type'
        AND CONCAT(';', rule.value_text, ';') LIKE CONCAT('%;', list.code, ';%')
    WHERE rule.code = 'required_document_types' AND rule.nth = 1
),
required_total AS (
    SELECT turn_on, COUNT(*) AS type_count FROM required GROUP BY turn_on
),
document_state AS (
    SELECT
        moment.area_code,
        moment.provider_id,
        moment.turn_on,
        SUM(CASE WHEN required.document_type_code IS NOT NULL THEN 1 ELSE 0 END) AS present_count,
        MAX(CASE WHEN required.document_type_code IS NOT NULL AND document.conclusion_code = 'fail' THEN 1 ELSE 0 END)
            AS has_failed,
        MAX(CASE
            WHEN required.document_type_code IS NOT NULL
                AND COALESCE(document.conclusion_code, 'none') <> 'fail'
                AND document.valid_to_on < moment.turn_on
                THEN 1
            ELSE 0
        END) AS has_expired,
        MAX(CASE WHEN document.document_type_code = 'food' THEN 1 ELSE 0 END) AS food_present,
        MAX(CASE WHEN document.document_type_code = 'food' AND document.conclusion_code = 'fail' THEN 1 ELSE 0 END)
            AS food_failed,
        MAX(CASE
            WHEN document.document_type_code = 'food' AND document.valid_to_on < moment.turn_on THEN 1 ELSE 0
        END) AS food_expired,
        MAX(CASE
            WHEN required.document_type_code IS NOT NULL OR document.document_type_code = 'food'
                THEN document.received_on
        END) AS received_on
    FROM moment
    INNER JOIN document
        ON document.area_code = moment.area_code
        AND document.provider_id = moment.provider_id
        AND document.issued_on <= moment.turn_on
        AND (document.next_issued_on IS NULL OR document.next_issued_on > moment.turn_on)
    LEFT JOIN required
        ON required.turn_on = moment.turn_on AND required.document_type_code = document.document_type_code
    WHERE moment.is_examined
    GROUP BY moment.area_code, moment.provider_id, moment.turn_on
),
open_finding AS (
    SELECT DISTINCT moment.area_code, moment.provider_id, moment.turn_on
    FROM moment
    INNER JOIN core_inspection AS inspection
        ON inspection.area_code = moment.area_code
        AND inspection.provider_id = moment.provider_id
        AND inspection.inspected_on <= moment.turn_on
        AND (inspection.closed_on IS NULL OR inspection.closed_on > moment.turn_on)
    WHERE moment.is_examined AND inspection.inspection_result_code = 'nonconform'
),
examined AS (
    SELECT
        moment.*,
        rule.value_text AS food_meal_modes,
        moment.is_examined
            -- `||` and not CONCAT, which in DuckDB takes no parameter and no meal mode for two empty texts that agree
            AND ';' || rule.value_text || ';' LIKE '%;' || moment.meal_mode_code || ';%' AS needs_food_licence,
        documents.value_text AS required_types,
        COALESCE(required_total.type_count, 0) AS required_count,
        COALESCE(state.present_count, 0) AS present_count,
        COALESCE(state.has_failed, 0) AS has_failed,
        COALESCE(state.has_expired, 0) AS has_expired,
        COALESCE(state.food_present, 0) AS food_present,
        COALESCE(state.food_failed, 0) AS food_failed,
        COALESCE(state.food_expired, 0) AS food_expired,
        state.received_on AS documents_received_on,
        open_finding.turn_on IS NOT NULL AS has_open_finding
    FROM moment
    LEFT JOIN rule
        ON rule.turn_on = moment.turn_on AND rule.code = 'food_licence_required_meal_modes' AND rule.nth = 1
    LEFT JOIN rule AS documents
        ON documents.turn_on = moment.turn_on AND documents.code = 'required_document_types' AND documents.nth = 1
    LEFT JOIN required_total ON required_total.turn_on = moment.turn_on
    LEFT JOIN document_state AS state
        ON state.area_code = moment.area_code
        AND state.provider_id = moment.provider_id
        AND state.turn_on = moment.turn_on
    LEFT JOIN open_finding
        ON open_finding.area_code = moment.area_code
        AND open_finding.provider_id = moment.provider_id
        AND open_finding.turn_on = moment.turn_on
),
decided AS (
    SELECT
        area_code,
        provider_id,
        turn_on,
        is_on_file,
        turn_received_on,
        filing_received_on,
        documents_received_on,
        NULLIF(CONCAT_WS(
            ';',
            CASE WHEN filing_status_code = 'removed' AND removal_reason_code = 'absent-from-source'
                THEN 'absent-from-source' END,
            CASE WHEN filing_status_code = 'deregistered' THEN 'deregistered' END,
            CASE WHEN is_examined AND has_expired = 1 THEN 'document-expired' END,
            CASE WHEN (is_examined AND has_failed = 1) OR (needs_food_licence AND food_failed = 1)
                THEN 'document-failed' END,
            CASE WHEN is_examined AND present_count < required_count THEN 'document-missing' END,
            CASE WHEN needs_food_licence AND food_failed = 0 AND food_expired = 1 THEN 'food-licence-expired' END,
            CASE WHEN needs_food_licence AND food_present = 0 THEN 'food-licence-missing' END,
            CASE WHEN is_examined AND has_open_finding THEN 'nonconformity-open' END,
            CASE WHEN filing_status_code = 'noncompliant' THEN 'noncompliant' END,
            CASE WHEN filing_status_code IN ('submitted', 'supplement') THEN 'not-filed' END,
            CASE WHEN filing_status_code = 'removed'
                AND COALESCE(removal_reason_code, 'other') <> 'absent-from-source' THEN 'removed' END,
            CASE WHEN service_form_code = 'home_visit' THEN 'service-not-listable' END,
            CASE WHEN filing_status_code = 'suspended' THEN 'suspended' END
        ), '') AS reason_codes,
        NULLIF(CONCAT_WS(
            ';',
            CASE WHEN is_examined AND required_types IS NULL THEN 'documents-not-evaluated' END,
            CASE WHEN is_examined AND food_meal_modes IS NULL THEN 'food-licence-not-evaluated' END
        ), '') AS not_evaluated_codes
    FROM examined
),
compared AS (
    SELECT
        decided.*,
        CONCAT(COALESCE(reason_codes, ''), '|', COALESCE(not_evaluated_codes, '')) AS state,
        LAG(CONCAT(COALESCE(reason_codes, ''), '|', COALESCE(not_evaluated_codes, ''))) OVER (
            PARTITION BY area_code, provider_id ORDER BY turn_on
        ) AS state_before
    FROM decided
)
SELECT
    area_code,
    provider_id,
    turn_on AS valid_from_on,
    LEAD(turn_on) OVER (PARTITION BY area_code, provider_id ORDER BY turn_on) AS valid_to_on,
    is_on_file AND reason_codes IS NULL AS is_listed,
    reason_codes,
    not_evaluated_codes,
    -- GREATEST leaves out what is NULL
    GREATEST(
        turn_on,
        turn_received_on,
        CASE WHEN is_on_file AND reason_codes IS NULL THEN filing_received_on END,
        CASE WHEN is_on_file AND reason_codes IS NULL THEN documents_received_on END
    ) AS recorded_on
FROM compared
WHERE state_before IS NULL OR state_before <> state
