-- Whole answers of failing checks, where a message tells them; the report beside them has only their start.

create table answers (
    evidence_id integer not null primary key references evidence (id) on delete cascade,
    body        text    not null
) strict;
