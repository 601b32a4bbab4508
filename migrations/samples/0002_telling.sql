-- Rows as 0002 leaves them, in a text that both databases read: each later migration must survive them.
insert into projects (id, public_id, name, plan, all_stop, created_at, updated_at)
values (1, 'PRJ00000000000000000001', 'Pharos', 'paid', false, 1, 1);
insert into integrations (id, public_id, project_id, kind, name, version, settings, enabled, quiet, verified, failing_since, failing,
    created_at, updated_at)
values (1, 'INT00000000000000000001', 1, 'webhook', 'Hook', 1, '{"url":"sealed:1:00000000:AAAA","method":"POST"}', true, null, true, null,
        null, 1, 1);
insert into alert_definitions (id, public_id, project_id, name, active, is_default, levels, created_at, updated_at)
values (1, 'AD00000000000000000001', 1, 'Default', true, true,
        '[{"condition":{"when":"errors","count":1},"targets":[{"integration":"INT00000000000000000001"}]}]', 1, 1);
insert into alert_definition_monitors (definition_id, monitor_id) values (1, 1);
insert into monitor_integrations (monitor_id, integration_id) values (1, 1);
insert into monitor_parents (monitor_id, parent_id) values (1, 2);
insert into mutes (monitor_id, until) values (2, 9);
insert into event_subscriptions (id, public_id, project_id, integration_id, name, events, monitors, enabled, created_at, updated_at)
values (1, 'ES00000000000000000001', 1, 1, 'All', '["incident.incident.created"]', null, true, 1, 1);
insert into alerts (id, public_id, incident_id, definition_id, level, due_at, raised_at, reminders)
values (1, 'AL00000000000000000001', 1, 1, 0, null, 60000, 0);
insert into deliveries (id, public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, due_at,
    lease_until, lease_node, external_id, error, created_at, updated_at)
values (1, 'DL00000000000000000001', 1, 1, 1, 'error:1:1', 'error', 'delivered', '{"at":1,"body":{"type":"group","outages":[]}}', 1, null,
        null, null, 'x', null, 60000, 60000);
insert into delivery_attempts (delivery_id, number, at, duration_ms, status, request, response, error)
values (1, 1, 60000, 5, 200, 'POST /', 'HTTP 200', null);
insert into api_tokens (id, public_id, project_id, name, hash, last_used_at, created_at)
values (1, 'TK00000000000000000001', 1, 'CI', 'abc', null, 1);
