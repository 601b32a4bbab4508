-- Levels may say where an integration sends its messages; then each such place hears its own beginning, reminders and end.

alter table deliveries add column address text not null default '';  -- empty but for those; messages wait for earlier ones to the same
