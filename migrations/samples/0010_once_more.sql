-- Rows as 0010 leaves them, in a text that both databases read: each later migration must survive them.
update deliveries set delivered_at = 60000, further_ids = 'C1:1.1 C1:1.2' where id = 1;
update integrations set retries_until = 96000 where id = 1;
