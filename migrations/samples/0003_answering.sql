-- Rows as 0003 leaves them, in a text that both databases read: each later migration must survive them.
update incidents set snoozed_at = 70000, snooze_until = 90000 where id = 1;
update deliveries set group_id = 1 where id = 1;
update accounts set verified_at = 1 where id = 1;
insert into confirmations (hash, account_id, until) values ('abc', 1, 9);
