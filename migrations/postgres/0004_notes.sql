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
