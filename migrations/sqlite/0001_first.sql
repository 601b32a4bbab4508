-- The first schema. Every table stands in ../postgres/0001_first.sql too, with the same columns in the same order; a test
-- compares the two. Times are unix milliseconds in UTC. `public_id` is what URLs and programs see; `id` never leaves.

-- One value a name: what belongs to the whole installation.
create table settings (
    name  text not null primary key,
    value text not null
) strict, without rowid;

-- Counters that must follow the order of commits, such as `events`: taken last in a transaction.
create table counters (
    name  text    not null primary key,
    value integer not null
) strict, without rowid;
insert into counters (name, value) values ('events', 0);

create table accounts (
    id            integer not null primary key,
    public_id     text    not null unique,
    email         text    not null unique,      -- lower case
    name          text    not null,
    password_hash text    not null,             -- PHC string, argon2id
    created_at    integer not null,
    updated_at    integer not null
) strict;

create table sessions (
    id         text    not null primary key,    -- 128 bits of chance, base64
    account_id integer references accounts (id) on delete cascade,
    data       blob    not null,                -- JSON
    expires_at integer not null
) strict, without rowid;
create index sessions_by_expiry on sessions (expires_at);
create index sessions_by_account on sessions (account_id);

create table monitors (
    -- never reused: results and roll-ups have no foreign key, so that a deletion does not hold the writer for long
    id                 integer not null primary key autoincrement,
    public_id          text    not null unique,
    name               text    not null,
    kind               text    not null,        -- http, tcp, …
    target             text    not null,        -- what people recognise it by, without secrets; for the search
    settings           text    not null,        -- JSON, as domain::check::CheckSettings
    interval_ms        integer not null,
    timeout_ms         integer,                 -- null: the default of the interval
    failure_threshold  integer not null,
    recovery_threshold integer not null,
    degraded_above_ms  integer,
    paused             integer not null,        -- boolean
    push_token         text unique,             -- only push monitors have one
    version            integer not null,        -- grows with each edit
    created_at         integer not null,
    updated_at         integer not null
) strict;
create index monitors_by_name on monitors (name);

-- What is known of each monitor between two checks: domain::health::Health. A row changes only when the health does.
create table health (
    monitor_id    integer not null primary key references monitors (id) on delete cascade,
    state         text    not null,             -- domain::health::State without "paused", for lists
    settled       text    not null,
    since         integer not null,
    streak_toward text,
    streak_count  integer not null,
    streak_since  integer,
    blind_since   integer,
    failure       text,                         -- the reason for people, while it fails
    version       integer not null              -- settles races: an update names the version it read
) strict, without rowid;
create index health_by_state on health (state);

-- What the last report knew that seldom changes; written only when it does.
create table facts (
    monitor_id        integer not null primary key references monitors (id) on delete cascade,
    status            integer,                  -- HTTP status
    certificate_until integer                   -- the end of the certificate that was presented
) strict, without rowid;

-- Raw results. `at` is the slot, when the check was due: a slot is recorded once.
create table results (
    monitor_id  integer not null,
    at          integer not null,
    state       integer not null,               -- domain::uptime::ResultState
    latency_us  integer,
    dns_us      integer,
    connect_us  integer,
    tls_us      integer,
    wait_us     integer,
    download_us integer,
    primary key (monitor_id, at)
) strict, without rowid;

-- Results rolled up. `tier` is the width of a bucket in milliseconds; `start` its beginning.
create table rollups (
    monitor_id  integer not null,
    tier        integer not null,
    start       integer not null,
    up          integer not null,
    degraded    integer not null,
    down        integer not null,
    confirming  integer not null,
    unknown     integer not null,
    maintenance integer not null,
    latency_n   integer not null,               -- how many results had a latency
    latency_us  integer not null,               -- their sum
    dns_us      integer not null,               -- sums by phase
    connect_us  integer not null,
    tls_us      integer not null,
    wait_us     integer not null,
    download_us integer not null,
    histogram   blob    not null,               -- domain::uptime::Histogram
    primary key (monitor_id, tier, start)
) strict, without rowid;

-- Full reports, of transitions and of recent failures only.
create table evidence (
    id         integer not null primary key,
    monitor_id integer not null references monitors (id) on delete cascade,
    at         integer not null,
    transition integer not null,                -- boolean: it confirmed a change
    report     text    not null                 -- JSON, as domain::check::CheckReport
) strict;
create index evidence_by_monitor on evidence (monitor_id, at);

create table incidents (
    id          integer not null primary key,
    public_id   text    not null unique,
    origin      text    not null,               -- automatic, manual
    monitor_id  integer references monitors (id) on delete set null,
    title       text    not null,               -- for operators; the public sees names of components
    phase       text    not null,               -- investigating, identified, monitoring, resolved
    reason      text,                           -- for operators
    started_at  integer not null,
    resolved_at integer,
    created_at  integer not null,
    updated_at  integer not null
) strict;
create index incidents_by_start on incidents (started_at);
create index incidents_by_monitor on incidents (monitor_id, started_at);
-- However many nodes race: a monitor has one open automatic incident at most.
create unique index incidents_one_open on incidents (monitor_id)
    where resolved_at is null and origin = 'automatic';
create index incidents_open on incidents (started_at) where resolved_at is null;

create table incident_updates (
    id          integer not null primary key,
    public_id   text    not null unique,
    incident_id integer not null references incidents (id) on delete cascade,
    phase       text    not null,
    body        text    not null,               -- public: names of components only
    created_at  integer not null
) strict;
create index incident_updates_by_incident on incident_updates (incident_id, created_at);

create table pages (
    id           integer not null primary key,
    public_id    text    not null unique,
    slug         text    not null unique,
    name         text    not null,
    description  text    not null,
    time_zone    text    not null,              -- IANA name
    is_default   integer not null,              -- boolean: the page at /
    logo_type    text,                          -- media type of the logo
    logo         blob,
    logo_version integer,
    created_at   integer not null,
    updated_at   integer not null
) strict;

create table component_groups (
    id        integer not null primary key,
    public_id text    not null unique,
    page_id   integer not null references pages (id) on delete cascade,
    name      text    not null,
    position  integer not null
) strict;
create index component_groups_by_page on component_groups (page_id, position);

create table components (
    id           integer not null primary key,
    public_id    text    not null unique,
    page_id      integer not null references pages (id) on delete cascade,
    group_id     integer references component_groups (id) on delete set null,
    name         text    not null,
    description  text    not null,
    position     integer not null,
    by_hand      text,                          -- domain::status_page::ComponentState; null: it follows its monitors
    show_uptime  integer not null,              -- boolean
    show_latency integer not null,              -- boolean
    created_at   integer not null
) strict;
create index components_by_page on components (page_id, position);

create table component_monitors (
    component_id integer not null references components (id) on delete cascade,
    monitor_id   integer not null references monitors (id) on delete cascade,
    primary key (component_id, monitor_id)
) strict, without rowid;
create index component_monitors_by_monitor on component_monitors (monitor_id);

-- Which components an incident touches, as far as the public is concerned. Written when it opens, so that later edits of
-- the page do not rewrite the past.
create table incident_components (
    incident_id  integer not null references incidents (id) on delete cascade,
    component_id integer not null references components (id) on delete cascade,
    primary key (incident_id, component_id)
) strict, without rowid;
create index incident_components_by_component on incident_components (component_id);

-- The bus. `seq` comes from `counters`, so it is in the order of commits.
create table events (
    seq     integer not null primary key,
    at      integer not null,
    kind    text    not null,
    monitor_id integer,                         -- whose event, if a monitor's; outlives the monitor
    payload text    not null                    -- JSON, as domain::event::Event
) strict, without rowid;
create index events_by_time on events (at);
create index events_by_monitor on events (monitor_id, seq);

-- Which node works on which shard of the monitors. `epoch` grows with each take-over and fences the one before.
create table leases (
    shard integer not null primary key,
    node  text    not null,
    until integer not null,
    epoch integer not null
) strict, without rowid;

-- The latest heartbeat of each push monitor.
create table pushes (
    monitor_id integer not null primary key references monitors (id) on delete cascade,
    at         integer not null,                -- the last success
    started_at integer,                         -- a run that has begun and not ended
    failed     integer not null,                -- boolean: the last word was a failure
    message    text    not null
) strict, without rowid;

-- How far the roll-ups have come: everything before `until` is counted in the tier.
create table rollup_progress (
    tier  integer not null primary key,
    until integer not null
) strict, without rowid;
