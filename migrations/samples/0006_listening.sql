-- Rows as 0006 leaves them, in a text that both databases read: each later migration must survive them.
insert into listening (since, until) values (100000, 160000);
