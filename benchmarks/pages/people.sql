-- What an estate lacks that the console lists: people, credentials, sync sessions, changes.

INSERT INTO users (username, password_hash, role, created_at, last_login_at)
SELECT 'user-' || lpad(n::text, 4, '0'), '-',
       (ARRAY['VIEWER', 'VIEWER', 'OPERATOR', 'ADMIN'])[1 + n % 4],
       now() - n * interval '1 day', now() - n * interval '1 hour'
  FROM generate_series(1, 500) AS n;

INSERT INTO credentials (name, credential_type, username, password_ciphertext, key_id)
SELECT 'credential-' || lpad(n::text, 4, '0'), 'DATABASE', 'collector', '-', 'none'
  FROM generate_series(1, 400) AS n;
UPDATE instances SET credential_id = (SELECT min(id) FROM credentials) + id % 400;

INSERT INTO sync_sessions (category, trigger, status, created_at, started_at, finished_at,
                           created_by_id, total, succeeded, failed)
SELECT (ARRAY['CAPACITY', 'TABLE_SIZES'])[1 + n % 2],
       (ARRAY['MANUAL', 'SCHEDULED', 'API'])[1 + n % 3],
       (ARRAY['COMPLETED', 'COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED'])[1 + n % 4],
       made_at, made_at, made_at + interval '20 seconds',
       (SELECT min(id) FROM users) + n % 500, 5, 4, 1
  FROM generate_series(1, 20000) AS n,
       LATERAL (SELECT now() - n * interval '2 minutes' AS made_at) AS at;
INSERT INTO sync_instance_records (session_id, category, instance_id, status, attempt, created_at,
                                   started_at, finished_at, elapsed_ms, items_seen)
SELECT s.id, s.category, 1 + (s.id * 5 + n) % 2000,
       CASE n WHEN 1 THEN 'FAILED' ELSE 'COMPLETED' END,
       1, s.created_at, s.started_at, s.finished_at, 900 + n, 50
  FROM sync_sessions AS s, generate_series(1, 5) AS n;

INSERT INTO audit_entries (made_at, actor_id, actor_name, action, object_type, object_id, before,
                           after, request_id)
SELECT now() - n * interval '1 minute', (SELECT min(id) FROM users) + n % 500,
       'user-' || lpad((1 + n % 500)::text, 4, '0'),
       (ARRAY['instance.updated', 'credential.updated', 'tag.updated', 'user.updated'])[1 + n % 4],
       (ARRAY['Instance', 'Credential', 'Tag', 'User'])[1 + n % 4], 1 + n % 400,
       '{"description": "before"}', '{"description": "after"}', 'req_' || n
  FROM generate_series(1, 200000) AS n;
