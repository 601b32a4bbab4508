-- What an operator writes down about a monitor, and a log that is found quickly. Every column stands in ../sqlite/0004_notes.sql too.

-- What whoever is woken should know; shown with the monitor, and sent where an integration asks for it.
alter table monitors add column notes text not null default '';
-- Values of the operator's own, by name; JSON object of strings.
alter table monitors add column fields jsonb not null default '{}';

-- Whether a storm is on is asked before each alert, however long the log is.
create index deliveries_by_kind on deliveries (integration_id, kind, created_at);

-- When somebody asked for it once more: then it leaves whatever became of what it tells.
alter table deliveries add column replayed_at bigint;
-- What an event about a monitor waits behind.
create index deliveries_behind on deliveries (monitor_id, integration_id, id) where due_at is not null and incident_id is null;
-- The log of one monitor, and what failed.
create index deliveries_failed on deliveries (state, id) where state = 'failed';
create index deliveries_by_monitor on deliveries (monitor_id, id) where monitor_id is not null;

-- Grows with each change of a definition, so that of two editors the second hears of the first.
alter table alert_definitions add column version bigint not null default 1;

-- An integration that somebody removed. Nothing shows or uses it; its log goes in slices, and then the row.
alter table integrations add column deleted_at bigint;

-- How an incident ended when nothing works again: closed (by hand), paused, deleted; null: its monitor recovered, or it is open.
alter table incidents add column ending text;
-- Who ended it, in words.
alter table incidents add column ended_by text;
