// Generated from the live schema; `npx vitest run packages/database -u` writes it anew.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** Epoch milliseconds; timestamptz in the database. */
export type Instant = number;

export interface ApiKeysTable {
  id: GeneratedAlways<number>;
  project_id: number;
  kind: 'rw' | 'ro';
  prefix: string;
  hash: string;
  created_at: Generated<Instant>;
  created_by: number | null;
  last_used_at: Instant | null;
}

export interface ChannelChecksTable {
  check_id: number;
  channel_id: number;
}

export interface ChannelsTable {
  id: GeneratedAlways<number>;
  code: Generated<string>;
  project_id: number;
  kind: string;
  name: Generated<string>;
  value: ColumnType<unknown, unknown, unknown>;
  notify_down: Generated<boolean>;
  notify_up: Generated<boolean>;
  email_verified: Generated<boolean>;
  disabled: Generated<boolean>;
  last_notify: Instant | null;
  last_notify_duration_ms: number | null;
  last_error: Generated<string>;
  created_at: Generated<Instant>;
  tell_owner_at: Instant | null;
}

export interface ChecksTable {
  id: GeneratedAlways<number>;
  code: Generated<string>;
  project_id: number;
  name: Generated<string>;
  slug: Generated<string>;
  tags: Generated<string>;
  desc: Generated<string>;
  badge_key: Generated<string>;
  kind: Generated<'simple' | 'cron' | 'oncalendar'>;
  timeout: Generated<number>;
  grace: Generated<number>;
  schedule: Generated<string>;
  tz: Generated<string>;
  methods: Generated<'' | 'POST'>;
  manual_resume: Generated<boolean>;
  filter_subject: Generated<boolean>;
  filter_body: Generated<boolean>;
  filter_http_body: Generated<boolean>;
  filter_default_fail: Generated<boolean>;
  start_kw: Generated<string>;
  success_kw: Generated<string>;
  failure_kw: Generated<string>;
  created_at: Generated<Instant>;
  status: Generated<'new' | 'up' | 'down' | 'paused'>;
  n_pings: Generated<number>;
  last_ping: Instant | null;
  last_start: Instant | null;
  last_start_rid: string | null;
  last_duration_ms: number | null;
  has_confirmation_link: Generated<boolean>;
  alert_after: Instant | null;
  wake_at: Instant | null;
  rules_version: Generated<number>;
}

export interface CoverageTable {
  id: GeneratedAlways<number>;
  instance_id: string;
  from_at: Instant;
  until_at: Instant;
}

export interface DismissalsTable {
  id: GeneratedAlways<number>;
  instance_id: string;
  host: string;
  dismissed_at: Generated<Instant>;
  dismissed_by: string;
  lost_from: Instant | null;
  lost_until: Instant | null;
}

export interface FlipsTable {
  id: GeneratedAlways<number>;
  check_id: number;
  created_at: Instant;
  old_status: string;
  new_status: string;
  reason: Generated<'' | 'timeout' | 'fail'>;
  recorded_at: Generated<Instant>;
  decision: ColumnType<unknown, unknown | undefined, unknown>;
}

export interface GapMailsTable {
  gap_id: number;
  user_id: number;
}

export interface GapsTable {
  id: GeneratedAlways<number>;
  from_at: Instant;
  until_at: Instant | null;
  checks_held: Generated<number>;
  reported_at: Instant | null;
  created_at: Generated<Instant>;
  instance_id: string | null;
}

export interface IngestLanesTable {
  lane: string;
  batch: number;
  updated_at: Generated<Instant>;
}

export interface InstallationTable {
  key: string;
  value: ColumnType<unknown, unknown, unknown>;
}

export interface InstancesTable {
  id: string;
  service: string;
  host: string;
  pid: number;
  started_at: Instant;
  seen_at: Generated<Instant>;
  watermark: Instant | null;
  stopped_at: Instant | null;
  info: ColumnType<unknown, unknown | undefined, unknown>;
}

export interface MembersTable {
  id: GeneratedAlways<number>;
  user_id: number;
  project_id: number;
  role: Generated<'r' | 'w' | 'm'>;
  transfer_requested_at: Instant | null;
  created_at: Generated<Instant>;
}

export interface NotificationsTable {
  id: GeneratedAlways<number>;
  code: Generated<string>;
  flip_id: number | null;
  check_id: number | null;
  channel_id: number;
  check_status: string;
  created_at: Generated<Instant>;
  state: Generated<'owed' | 'sent' | 'failed' | 'dropped'>;
  attempts: Generated<number>;
  next_attempt_at: Instant | null;
  leased_until: Instant | null;
  leased_by: string | null;
  finished_at: Instant | null;
  error: Generated<string>;
  log: ColumnType<unknown, unknown | undefined, unknown>;
}

export interface OwnedChecksTable {
  owner_id: number;
  at_most: number;
  counted_at: Instant;
}

export interface PingsTable {
  check_id: number;
  n: number;
  id: string;
  created_at: Instant;
  kind: string;
  scheme: string;
  method: string;
  remote_addr: string | null;
  ua: Generated<string>;
  body: Buffer | null;
  rid: string | null;
  exit_status: number | null;
}

export interface ProjectsTable {
  id: GeneratedAlways<number>;
  code: Generated<string>;
  name: Generated<string>;
  owner_id: number;
  ping_key: string | null;
  badge_key: string;
  show_slugs: Generated<boolean>;
  ping_log_limit: Generated<number>;
  created_at: Generated<Instant>;
}

export interface SessionsTable {
  token_hash: Buffer;
  user_id: number | null;
  user_agent: Generated<string>;
  remote_addr: string | null;
  created_at: Generated<Instant>;
  expires_at: Instant;
}

export interface TokenBucketsTable {
  key: string;
  tokens: number;
  updated_at: Instant;
}

export interface UsersTable {
  id: GeneratedAlways<number>;
  username: string;
  email: string;
  password_hash: string | null;
  is_active: Generated<boolean>;
  is_superuser: Generated<boolean>;
  created_at: Generated<Instant>;
  last_login_at: Instant | null;
  last_active_at: Instant | null;
  tz: Generated<string>;
  theme: Generated<'system' | 'light' | 'dark'>;
  sort: Generated<'created' | 'name' | '-name' | 'last_ping' | '-last_ping'>;
  reports: Generated<'off' | 'daily' | 'weekly' | 'monthly'>;
  next_report_at: Instant | null;
  nag_period: Generated<number>;
  next_nag_at: Instant | null;
  check_limit: Generated<number>;
  ping_log_limit: Generated<number>;
  sms_limit: Generated<number>;
  sms_sent: Generated<number>;
  last_sms_at: Instant | null;
  call_limit: Generated<number>;
  calls_sent: Generated<number>;
  last_call_at: Instant | null;
  login_token_hash: string | null;
  login_token_expires_at: Instant | null;
}

export interface DB {
  api_keys: ApiKeysTable;
  channel_checks: ChannelChecksTable;
  channels: ChannelsTable;
  checks: ChecksTable;
  coverage: CoverageTable;
  dismissals: DismissalsTable;
  flips: FlipsTable;
  gap_mails: GapMailsTable;
  gaps: GapsTable;
  ingest_lanes: IngestLanesTable;
  installation: InstallationTable;
  instances: InstancesTable;
  members: MembersTable;
  notifications: NotificationsTable;
  owned_checks: OwnedChecksTable;
  pings: PingsTable;
  projects: ProjectsTable;
  sessions: SessionsTable;
  token_buckets: TokenBucketsTable;
  users: UsersTable;
}
