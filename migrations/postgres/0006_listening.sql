-- When somebody listened for heartbeats. The table stands in ../sqlite/0006_listening.sql too, with the same columns.

-- Each stretch in which a node ran and could write, the latest still growing. What lies between two of them nobody could hear.
create table listening (
    since bigint not null primary key,
    until bigint not null
);

-- The stop for this migration counts too: what was last heard or done before it.
insert into listening (since, until)
select t.at, t.at from (
    select max(x.at) as at
    from (select max(at) as at from events union all select max(at) as at from pushes) as x
) as t
where t.at > 0;
