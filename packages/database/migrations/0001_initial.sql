-- The whole data model. Conventions:
--   * every instant is timestamptz, in UTC; every length of time is a whole number, its unit in the column's name or
--     comment (timeout and grace: seconds, as on the wire);
--   * migrations only go forward, and each keeps the previous release's code working (rolling deploys);
--   * pings and flips have no foreign key to checks: the ping path writes them under the check's row lock, and the
--     trigger checks_forget removes them with their check, so an RI query for each ping would buy nothing.

create table users (
  id bigint generated always as identity primary key,
  username text not null unique,                     -- opaque, used in signed links
  email text not null unique check (email = lower(email) and length(email) <= 254),
  password_hash text,                                -- argon2id; null: no password, sign-in by link only
  is_active boolean not null default true,
  is_superuser boolean not null default false,
  created_at timestamptz not null default now(),
  last_login_at timestamptz,
  last_active_at timestamptz,
  tz text not null default 'UTC',
  theme text not null default 'system' check (theme in ('system', 'light', 'dark')),
  sort text not null default 'created' check (sort in ('created', 'name', '-name', 'last_ping', '-last_ping')),
  reports text not null default 'monthly' check (reports in ('off', 'daily', 'weekly', 'monthly')),
  next_report_at timestamptz,
  nag_period integer not null default 0 check (nag_period in (0, 3600, 86400)),  -- seconds; 0: off
  next_nag_at timestamptz,
  check_limit integer not null default 10000,
  ping_log_limit integer not null default 100 check (ping_log_limit > 0),        -- for projects this user creates
  sms_limit integer not null default 10000,
  sms_sent integer not null default 0,
  last_sms_at timestamptz,
  call_limit integer not null default 10000,
  calls_sent integer not null default 0,
  last_call_at timestamptz,
  login_token_hash text,
  login_token_expires_at timestamptz,
  totp_secret text,
  totp_created_at timestamptz,
  deletion_notice_at timestamptz,
  deletion_scheduled_at timestamptz,
  over_limit_at timestamptz
);

-- WebAuthn keys.
create table credentials (
  id bigint generated always as identity primary key,
  code uuid not null unique default gen_random_uuid(),
  user_id bigint not null references users on delete cascade,
  name text not null,
  credential_id bytea not null unique,
  public_key bytea not null,
  sign_count bigint not null default 0,
  created_at timestamptz not null default now()
);
create index credentials_user on credentials (user_id);

create table sessions (
  token_hash bytea primary key,                      -- SHA-256 of the cookie's value: a stolen dump signs nobody in
  user_id bigint references users on delete cascade, -- null: not signed in yet
  data jsonb not null default '{}',
  user_agent text not null default '',
  remote_addr text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  sudo_until timestamptz
);
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);

create table projects (
  id bigint generated always as identity primary key,
  code uuid not null unique default gen_random_uuid(),
  name text not null default '' check (length(name) <= 60),
  owner_id bigint not null references users on delete cascade,
  ping_key text unique,
  badge_key text not null unique,
  show_slugs boolean not null default false,
  ping_log_limit integer not null default 100 check (ping_log_limit > 0),
  created_at timestamptz not null default now()
);
create index projects_owner on projects (owner_id);

create table members (
  id bigint generated always as identity primary key,
  user_id bigint not null references users on delete cascade,
  project_id bigint not null references projects on delete cascade,
  role text not null default 'w' check (role in ('r', 'w', 'm')),
  transfer_requested_at timestamptz,
  created_at timestamptz not null default now(),
  unique (project_id, user_id)
);
create index members_user on members (user_id);

create table api_keys (
  id bigint generated always as identity primary key,
  project_id bigint not null references projects on delete cascade,
  kind text not null check (kind in ('rw', 'ro')),
  prefix text not null,                              -- first 8 characters after hcw_/hcr_
  hash text not null,                                -- hex HMAC-SHA256(SECRET_KEY, whole key)
  created_at timestamptz not null default now(),
  created_by bigint references users on delete set null,
  last_used_at timestamptz,
  unique (project_id, kind)
);
create index api_keys_prefix on api_keys (prefix);

create table checks (
  id bigint generated always as identity primary key,
  code uuid not null unique default gen_random_uuid(),
  project_id bigint not null references projects on delete cascade,
  name text not null default '' check (length(name) <= 100),
  slug text not null default '' check (length(slug) <= 100),
  tags text not null default '' check (length(tags) <= 500),
  "desc" text not null default '',
  badge_key uuid not null unique default gen_random_uuid(),
  kind text not null default 'simple' check (kind in ('simple', 'cron', 'oncalendar')),
  timeout integer not null default 86400 check (timeout between 60 and 31536000),   -- seconds
  grace integer not null default 3600 check (grace between 60 and 31536000),        -- seconds
  schedule text not null default '* * * * *' check (length(schedule) <= 100),
  tz text not null default 'UTC',
  methods text not null default '' check (methods in ('', 'POST')),
  manual_resume boolean not null default false,
  filter_subject boolean not null default false,
  filter_body boolean not null default false,
  filter_http_body boolean not null default false,
  filter_default_fail boolean not null default false,
  start_kw text not null default '',
  success_kw text not null default '',
  failure_kw text not null default '',
  created_at timestamptz not null default now(),
  -- State. Only these columns change on the ping path; none of them but wake_at is indexed, so an update stays in its
  -- page (HOT) and touches no index.
  status text not null default 'new' check (status in ('new', 'up', 'down', 'paused')),
  n_pings bigint not null default 0,
  last_ping timestamptz,
  last_start timestamptz,
  last_start_rid uuid,
  last_duration_ms bigint,
  has_confirmation_link boolean not null default false,
  alert_after timestamptz,                           -- when the check goes down unless something happens; null: never
  wake_at timestamptz                                -- when sendalerts looks at it; at or before alert_after (see checks_due)
) with (fillfactor = 60);
create index checks_project on checks (project_id);
create index checks_slug on checks (project_id, slug) where slug <> '';
-- The scan for late checks is a range of this index. wake_at is a lower bound of alert_after that pings leave alone
-- when they only move the deadline further away; the scan moves it up when it finds a check early. So an index entry
-- changes once a period, not once a ping.
create index checks_due on checks (wake_at) where wake_at is not null;

create table channels (
  id bigint generated always as identity primary key,
  code uuid not null unique default gen_random_uuid(),
  project_id bigint not null references projects on delete cascade,
  kind text not null,
  name text not null default '' check (length(name) <= 100),
  value jsonb not null,                              -- shape by kind: packages/notifications/src/<kind>
  notify_down boolean not null default true,         -- derived from value when saved: false = a no-op for that status
  notify_up boolean not null default true,
  email_verified boolean not null default false,
  disabled boolean not null default false,
  last_notify timestamptz,
  last_notify_duration_ms integer,
  last_error text not null default '',
  created_at timestamptz not null default now()
);
create index channels_project on channels (project_id);

create table channel_checks (
  check_id bigint not null references checks on delete cascade,
  channel_id bigint not null references channels on delete cascade,
  primary key (check_id, channel_id)
);
create index channel_checks_channel on channel_checks (channel_id);

-- The newest pings of each check. n counts from 1 and is never reused; the ping path deletes what falls out of the
-- project's ping_log_limit in the transaction that adds, so no nightly job bounds this table.
create table pings (
  check_id bigint not null,
  n bigint not null,
  id uuid not null,                                  -- UUIDv7 made on receipt: the ping's identity across retries
  created_at timestamptz not null,                   -- when it was received
  kind text not null,                                -- success, start, fail, log, ign
  scheme text not null,
  method text not null,
  remote_addr text,
  ua text not null default '',
  body bytea,                                        -- null: empty
  rid uuid,
  exit_status smallint,
  primary key (check_id, n)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5);

create table flips (
  id bigint generated always as identity primary key,
  check_id bigint not null,
  created_at timestamptz not null,                   -- when the change took effect (a timeout: the deadline)
  old_status text not null,
  new_status text not null,
  reason text not null default '' check (reason in ('', 'timeout', 'fail')),
  recorded_at timestamptz not null default now(),    -- when it was written
  decision jsonb                                     -- why: the facts the state machine had (see docs/architecture.md)
);
create index flips_check on flips (check_id, created_at);

-- The outbox: one row for each channel that is owed a message, written in the transaction of the flip.
create table notifications (
  id bigint generated always as identity primary key,
  code uuid not null unique default gen_random_uuid(), -- the delivery id that receivers see; the same in every attempt
  flip_id bigint references flips on delete cascade,   -- null: a test message
  check_id bigint,                                     -- null: a test message
  channel_id bigint not null references channels on delete cascade,
  check_status text not null,
  created_at timestamptz not null default now(),
  state text not null default 'owed' check (state in ('owed', 'sent', 'failed', 'dropped')),
  attempts integer not null default 0,
  next_attempt_at timestamptz,                         -- when owed: not before; null when finished
  leased_until timestamptz,                            -- a worker is on it until then
  leased_by uuid,                                      -- that worker's instances.id
  finished_at timestamptz,
  error text not null default '',                      -- of the last attempt; '' = none
  log jsonb not null default '[]'                      -- each attempt: at, duration in ms, answer
);
create index notifications_due on notifications (next_attempt_at) where state = 'owed';
create index notifications_order on notifications (channel_id, check_id, id) where state = 'owed';
create index notifications_check on notifications (check_id, created_at);
create index notifications_flip on notifications (flip_id);
create index notifications_channel on notifications (channel_id, id);

-- One row a running process; seen_at moves once a second or so.
create table instances (
  id uuid primary key,
  service text not null,                             -- ingester, web, sendalerts, sendreports
  host text not null,
  pid integer not null,
  started_at timestamptz not null,
  seen_at timestamptz not null default now(),        -- by the database's clock
  watermark timestamptz,                             -- ingester: every ping it accepted before is committed
  stopped_at timestamptz,                            -- orderly stop
  info jsonb not null default '{}'
);
create index instances_live on instances (service, seen_at);

-- Stretches of time in which an ingester was receiving and all it accepted is committed.
create table coverage (
  id bigint generated always as identity primary key,
  instance_id uuid not null,
  from_at timestamptz not null,
  until_at timestamptz not null,
  check (until_at >= from_at)
);
create index coverage_until on coverage (until_at);
create index coverage_instance on coverage (instance_id, id);

-- What no ingester covered, found by sendalerts.
create table gaps (
  id bigint generated always as identity primary key,
  from_at timestamptz not null unique,
  until_at timestamptz,                              -- null: still open
  checks_held integer not null default 0,            -- checks whose lateness was forgiven
  reported_at timestamptz,                           -- when the superusers were told
  created_at timestamptz not null default now()
);

-- The last batch each ingester lane committed, written in that batch's transaction: a batch whose commit was not
-- acknowledged is applied again, and skipped when its number is not above this one.
create table ingest_lanes (
  lane uuid primary key,
  batch bigint not null,
  updated_at timestamptz not null default now()
) with (fillfactor = 10);

create table token_buckets (
  key text primary key,
  tokens double precision not null,                  -- 0..1
  updated_at timestamptz not null
);

-- Facts about the installation as a whole.
create table installation (
  key text primary key,
  value jsonb not null
);

-- Pings, flips and notifications go with their check.
create function checks_forget() returns trigger language plpgsql as $$
begin
  delete from pings p using gone where p.check_id = gone.id;
  delete from notifications n using gone where n.check_id = gone.id;
  delete from flips f using gone where f.check_id = gone.id;
  return null;
end $$;
create trigger checks_forget after delete on checks
  referencing old table as gone for each statement execute function checks_forget();

-- Caches of checks (packages/pings) are kept true by these. The columns of the ping path are left out on purpose;
-- whoever changes the status otherwise (pause, resume, …) says so with pg_notify('check_changed', code).
create function checks_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('check_changed', coalesce(new.code, old.code)::text);
  return null;
end $$;
create trigger checks_changed after insert or delete or update of
  project_id, slug, kind, timeout, grace, schedule, tz, methods, manual_resume, filter_subject, filter_body,
  filter_http_body, filter_default_fail, start_kw, success_kw, failure_kw
  on checks for each row execute function checks_changed();

create function projects_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('project_changed', coalesce(new.code, old.code)::text);
  return null;
end $$;
create trigger projects_changed after update of ping_key, ping_log_limit, owner_id or delete
  on projects for each row execute function projects_changed();
