-- Rows as 0004 leaves them, in a text that both databases read: each later migration must survive them.
update monitors set notes = 'Call the landlord.', fields = '{"floor":"3"}' where id = 1;
update deliveries set replayed_at = 80000 where id = 1;
update alert_definitions set version = 2 where id = 1;
update integrations set deleted_at = 95000 where id = 1;
update incidents set ending = 'closed', ended_by = 'Ada' where id = 1;
