-- What people do about an outage, and what was told in one message. Every column stands in ../sqlite/0003_answering.sql too.

-- Nobody is told more of an incident until then.
alter table incidents add column snoozed_at bigint;
alter table incidents add column snooze_until bigint;

-- The message that tells this one together with others.
alter table deliveries add column group_id bigint;
create index deliveries_by_group on deliveries (group_id) where group_id is not null;

-- When somebody proved that an address is theirs; nothing is sent to the address of an account before.
alter table accounts add column verified_at bigint;

-- Links that prove it. Only a hash is kept.
create table confirmations (
    hash       text not null primary key,       -- SHA-256, hexadecimal
    account_id bigint not null references accounts (id) on delete cascade,
    until      bigint not null
);
create index confirmations_by_account on confirmations (account_id);
