-- What somebody asks for once more has a past that counts.

-- When a message had arrived that was sent once more afterwards; empty for all others.
alter table deliveries add column delivered_at bigint;
update deliveries set delivered_at = (select max(a.at) from delivery_attempts a where a.delivery_id = deliveries.id and a.error is null)
where replayed_at is not null and state <> 'delivered';
