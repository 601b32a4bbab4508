-- What somebody asks for once more has a past that counts.

-- When a message had arrived that was sent once more afterwards; empty for all others.
alter table deliveries add column delivered_at integer;
update deliveries set delivered_at = (select max(a.at) from delivery_attempts a where a.delivery_id = deliveries.id and a.error is null)
where replayed_at is not null and state <> 'delivered';

-- What the other side called it each time after the first, in order, with a blank between two; the first name stays in external_id.
alter table deliveries add column further_ids text;
