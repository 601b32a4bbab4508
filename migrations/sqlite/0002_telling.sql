-- Telling people: integrations, who hears what and when, the outbox with its log, and tokens of programs. Every table stands in
-- ../postgres/0002_telling.sql too, with the same columns in the same order. Times are unix milliseconds in UTC.

-- What belongs together and is told together. One for now; members and roles come later.
create table projects (
    id integer not null primary key,
    public_id  text not null unique,
    name       text not null,
    plan       text not null,                   -- paid, free: what an SMS asks for
    all_stop   integer not null,                -- nobody is told anything until somebody restarts it
    created_at integer not null,
    updated_at integer not null
) strict;

-- Where messages go. `settings` holds sealed secrets, so it is no use without the key.
create table integrations (
    id integer not null primary key,
    public_id     text not null unique,
    project_id    integer not null references projects (id) on delete cascade,
    kind          text not null,                -- webhook, email, …
    name          text not null,
    version       integer not null,            -- of the settings
    settings      text not null,              -- JSON of the kind
    enabled       integer not null,             -- inactive ones are never used
    quiet         text,                       -- JSON, as domain::alert::QuietHours; null: never quiet
    verified      integer not null,             -- whether the address agreed to be written to
    failing_since integer,                    -- the first of the failures that trying again cannot mend
    failing       text,                        -- what to do about it
    created_at    integer not null,
    updated_at    integer not null
) strict;
create index integrations_by_project on integrations (project_id, name);

-- Who hears of outages when: an alert definition and its levels.
create table alert_definitions (
    id integer not null primary key,
    public_id  text not null unique,
    project_id integer not null references projects (id) on delete cascade,
    name       text not null,
    active     integer not null,
    is_default integer not null,                -- for every monitor that no other definition names
    levels     text not null,                 -- JSON, as domain::alert::Level
    created_at integer not null,
    updated_at integer not null
) strict;
create unique index alert_definitions_one_default on alert_definitions (project_id) where is_default;

create table alert_definition_monitors (
    definition_id integer not null references alert_definitions (id) on delete cascade,
    monitor_id    integer not null references monitors (id) on delete cascade,
    primary key (definition_id, monitor_id)
) strict, without rowid;
create index alert_definition_monitors_by_monitor on alert_definition_monitors (monitor_id);

-- Integrations that hear of one monitor directly, as a first level of its own.
create table monitor_integrations (
    monitor_id     integer not null references monitors (id) on delete cascade,
    integration_id integer not null references integrations (id) on delete cascade,
    primary key (monitor_id, integration_id)
) strict, without rowid;
create index monitor_integrations_by_integration on monitor_integrations (integration_id);

-- While a parent is down, no new alert of its children leaves.
create table monitor_parents (
    monitor_id integer not null references monitors (id) on delete cascade,
    parent_id  integer not null references monitors (id) on delete cascade,
    primary key (monitor_id, parent_id)
) strict, without rowid;
create index monitor_parents_by_parent on monitor_parents (parent_id);

-- A monitor whose alerts somebody silenced for a while.
create table mutes (
    monitor_id integer not null primary key references monitors (id) on delete cascade,
    until      integer not null
) strict, without rowid;

-- Programs that hear of events, whatever the alert definitions say.
create table event_subscriptions (
    id integer not null primary key,
    public_id      text not null unique,
    project_id     integer not null references projects (id) on delete cascade,
    integration_id integer not null references integrations (id) on delete cascade,
    name           text not null,
    events         text not null,             -- JSON: ids of events
    monitors       text,                      -- JSON: public ids; null: of all monitors
    enabled        integer not null,
    created_at     integer not null,
    updated_at     integer not null
) strict;
create index event_subscriptions_by_integration on event_subscriptions (integration_id);

-- How far an incident has come on each level. `definition_id` 0 is the level of what is attached directly.
create table alerts (
    id integer not null primary key,
    public_id     text not null unique,
    incident_id   integer not null references incidents (id) on delete cascade,
    definition_id integer not null,
    level         integer not null,
    due_at        integer,                    -- when the level is reached, or the next reminder; null: nothing more comes
    raised_at     integer,                    -- when the level was reached
    reminders     integer not null,            -- that were sent
    unique (incident_id, definition_id, level)
) strict;
create index alerts_due on alerts (due_at) where due_at is not null;

-- The outbox. A row is a message to one integration; its id is the same at each attempt.
create table deliveries (
    id integer not null primary key,
    public_id      text not null unique,
    integration_id integer not null references integrations (id) on delete cascade,
    incident_id    integer references incidents (id) on delete cascade,
    monitor_id     integer,                   -- whose message; outlives the monitor
    cause          text not null unique,        -- what it follows from, so that planning twice adds nothing
    kind           text not null,               -- error, ok, reminder, event, group, test
    state          text not null,               -- waiting, sending, retrying, delivered, failed, skipped
    message        text not null,             -- JSON, as domain::message::Message
    attempts       integer not null,
    due_at         integer,                   -- the next attempt; null when there is none
    lease_until    integer,                   -- who sends it has so long
    lease_node     text,
    external_id    text,                       -- what the other side calls it
    error          text,                       -- of the last attempt
    created_at     integer not null,
    updated_at     integer not null
) strict;
create index deliveries_due on deliveries (due_at) where due_at is not null;
create index deliveries_by_integration on deliveries (integration_id, id);
create index deliveries_by_incident on deliveries (incident_id, integration_id, id);
create index deliveries_by_time on deliveries (created_at);

-- Every attempt, with what was sent and answered; secrets are masked before they come here.
create table delivery_attempts (
    delivery_id integer not null references deliveries (id) on delete cascade,
    number      integer not null,
    at          integer not null,
    duration_ms integer not null,
    status      integer,                      -- HTTP status, if there was one
    request     text not null,
    response    text not null,
    error       text,
    primary key (delivery_id, number)
) strict, without rowid;

-- Tokens of programs. Only a hash is kept: a token is shown once.
create table api_tokens (
    id integer not null primary key,
    public_id    text not null unique,
    project_id   integer not null references projects (id) on delete cascade,
    name         text not null,
    hash         text not null unique,          -- SHA-256, hexadecimal: a token is 160 bits of chance
    last_used_at integer,
    created_at   integer not null
) strict;

-- Somebody takes care of an incident: nobody else is told of it any more.
alter table incidents add column acknowledged_at integer;
alter table incidents add column acknowledged_by text;   -- whoever did, in words

-- What happened before is no news.
insert into counters (name, value) select 'planner', value from counters where name = 'events';
