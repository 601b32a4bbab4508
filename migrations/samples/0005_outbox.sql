-- Rows as 0005 leaves them, in a text that both databases read: each later migration must survive them.
update deliveries set due_at = 96000, state = 'waiting' where id = 1;
