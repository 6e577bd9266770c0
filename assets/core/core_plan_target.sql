-- Targets as planned; what was delivered is measured in the open table.
SELECT * FROM plan_target
