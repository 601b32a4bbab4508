-- What people do about an outage, and what was told in one message. Every column stands in ../postgres/0003_answering.sql too.

-- Nobody is told more of an incident until then.
alter table incidents add column snoozed_at integer;
alter table incidents add column snooze_until integer;

-- The message that tells this one together with others.
alter table deliveries add column group_id integer;
create index deliveries_by_group on deliveries (group_id) where group_id is not null;

-- When somebody proved that an address is theirs; nothing is sent to the address of an account before.
alter table accounts add column verified_at integer;

-- Links that prove it. Only a hash is kept.
create table confirmations (
    hash       text not null primary key,       -- SHA-256, hexadecimal
    account_id integer not null references accounts (id) on delete cascade,
    until      integer not null
) strict, without rowid;
create index confirmations_by_account on confirmations (account_id);
