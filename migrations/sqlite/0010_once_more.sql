-- What is sent once more: what somebody asks for has a past that counts, and what failed keeps its place.

-- When a message had arrived that was sent once more afterwards; empty for all others.
alter table deliveries add column delivered_at integer;
update deliveries set delivered_at = (select max(a.at) from delivery_attempts a where a.delivery_id = deliveries.id and a.error is null)
where replayed_at is not null and state <> 'delivered';

-- What the other side called it each time after the first, in order, with a blank between two; the first name stays in external_id.
alter table deliveries add column further_ids text;

-- When the last of the messages is tried again that an integration did not take; empty when all is well. As long as it is there, messages
-- are kept in order across the outages of a monitor, too, and when one is taken the others need not wait any longer.
alter table integrations add column retries_until integer;
update integrations set retries_until = (select max(d.due_at) from deliveries d where d.due_at is not null and d.integration_id = integrations.id)
where exists (select 1 from deliveries d where d.due_at is not null and d.state = 'retrying' and d.integration_id = integrations.id);
