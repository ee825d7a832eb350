-- An operator said that an ingester will not come back: nobody waits for what it held. Kept for ever, unlike the row of
-- the instance.
create table dismissals (
  id bigint generated always as identity primary key,
  instance_id uuid not null,
  host text not null,
  dismissed_at timestamptz not null default now(),
  dismissed_by text not null,
  -- Between these, pings that it had answered may be lost (a row of gaps); null: nothing is.
  lost_from timestamptz,
  lost_until timestamptz
);
create index dismissals_instance on dismissals (instance_id);

-- Null: nobody was receiving. Else it is the ingester that nobody waits for any more, and whose pings may be lost.
alter table gaps add column instance_id uuid;

-- To whom the mail about a gap has gone, so that nobody gets it twice while another has to be tried again.
create table gap_mails (
  gap_id bigint not null references gaps on delete cascade,
  user_id bigint not null references users on delete cascade,
  primary key (gap_id, user_id)
);
create index gap_mails_user on gap_mails (user_id);
