-- Rows as 0001 leaves them, one or two a table, in a text that both databases read: each later migration must survive them.
-- Tables with bytes (sessions, rollups, logos) are left out: the two write them differently.
insert into settings (name, value) values ('setup_token', 'abc');
update counters set value = 3 where name = 'events';
insert into accounts (id, public_id, email, name, password_hash, created_at, updated_at)
values (1, 'USR00000000000000000001', 'ada@example.org', 'Ada', '$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aGFzaA', 1, 1);
insert into monitors (id, public_id, name, kind, target, settings, interval_ms, timeout_ms, failure_threshold, recovery_threshold,
    degraded_above_ms, paused, push_token, version, created_at, updated_at)
values (1, 'NM00000000000000000001', 'Shop', 'tcp', 'db.example.org:5432',
        '{"kind":"tcp","host":"db.example.org","port":5432}', 60000, null, 2, 1, null, false, null, 1, 1, 1),
       (2, 'NM00000000000000000002', 'Backup', 'push', 'a call every day',
        '{"kind":"push","schedule":{"period":{"period_s":86400}},"grace_s":600}', 60000, null, 2, 1, 500, true, 'token', 4, 1, 9);
insert into health (monitor_id, state, settled, since, streak_toward, streak_count, streak_since, blind_since, failure, version)
values (1, 'down', 'down', 60000, null, 0, null, null, 'Nobody listens there.', 3),
       (2, 'pending', 'pending', 1, null, 0, null, null, null, 1);
insert into facts (monitor_id, status, certificate_until) values (1, 503, 1800000000000);
insert into results (monitor_id, at, state, latency_us, dns_us, connect_us, tls_us, wait_us, download_us)
values (1, 60000, 2, null, null, null, null, null, null), (1, 120000, 0, 80000, 1, 2, 3, 4, 5);
insert into evidence (id, monitor_id, at, transition, report) values (1, 1, 60000, true, '{"outcome":{"state":"up"}}');
insert into incidents (id, public_id, origin, monitor_id, title, phase, reason, started_at, resolved_at, created_at, updated_at)
values (1, 'INC00000000000000000001', 'automatic', 1, 'Shop is down', 'investigating', 'Nobody listens there.', 60000, null, 60000, 60000),
       (2, 'INC00000000000000000002', 'automatic', null, 'Gone was down', 'resolved', null, 1, 2, 1, 2);
insert into incident_updates (id, public_id, incident_id, phase, body, created_at)
values (1, 'IU00000000000000000001', 1, 'investigating', 'We are looking into it.', 60000);
insert into pages (id, public_id, slug, name, description, time_zone, is_default, logo_type, logo, logo_version, created_at, updated_at)
values (1, 'SP00000000000000000001', 'main', 'Status', '', 'Europe/Berlin', true, null, null, null, 1, 1);
insert into component_groups (id, public_id, page_id, name, position) values (1, 'GR00000000000000000001', 1, 'Shop', 1);
insert into components (id, public_id, page_id, group_id, name, description, position, by_hand, show_uptime, show_latency, created_at)
values (1, 'CO00000000000000000001', 1, 1, 'Check-out', '', 1, null, true, false, 1);
insert into component_monitors (component_id, monitor_id) values (1, 1);
insert into incident_components (incident_id, component_id) values (1, 1);
insert into events (seq, at, kind, monitor_id, payload)
values (3, 60000, 'incident_opened', 1, '{"type":"incident_opened","incident":1,"id":"INC00000000000000000001","monitor":1}');
insert into leases (shard, node, until, epoch) values (1, 'only', 1, 1);
insert into pushes (monitor_id, at, started_at, failed, message) values (2, 5, null, false, '');
insert into rollup_progress (tier, until) values (300000, 300000);
