-- A slot counts once in uptime, however often it was looked at: what is found again while a failure is being confirmed is extra.
alter table results add column extra integer not null default 0; -- boolean
