-- The tick that a run of the schedule is for: two services over one state do it once.
-- Runs from before have none; for them, when they began says it nearly as well.
ALTER TABLE runs ADD COLUMN tick TEXT;
UPDATE runs SET tick = started WHERE cause = 'schedule';
