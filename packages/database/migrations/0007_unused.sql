-- What the first sketch foresaw and nothing has ever read or written: security keys and one-time codes, notices before an
-- account is deleted, visitors' data without an account.
drop table credentials;
alter table sessions drop column data, drop column sudo_until;
alter table users
  drop column totp_secret,
  drop column totp_created_at,
  drop column deletion_notice_at,
  drop column deletion_scheduled_at,
  drop column over_limit_at;
