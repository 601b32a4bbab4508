-- Rows as 0007 leaves them, in a text that both databases read: each later migration must survive them.
update results set extra = true where monitor_id = 1;
