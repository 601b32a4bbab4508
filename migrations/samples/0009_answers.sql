-- Rows as 0009 leaves them, in a text that both databases read: each later migration must survive them.
insert into answers (evidence_id, body) values (1, 'HTTP/1.1 500');
