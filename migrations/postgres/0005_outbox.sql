-- A full outbox is looked at without its messages. Every index stands in ../sqlite/0005_outbox.sql too.

-- What is due, for whom: whoever has its hands full with one integration passes over that one's queue, which may be thousands long.
drop index deliveries_due;
create index deliveries_due on deliveries (due_at, id, integration_id) where due_at is not null;
