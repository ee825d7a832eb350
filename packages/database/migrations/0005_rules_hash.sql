-- What the ping path remembers of a check (packages/pings: check-cache.ts), as one number: where its slug leads to, and what
-- its pings mean. Each ping says by which of them it was judged, so one that met an edit is seen when its check is locked,
-- without waiting for a notification. 20 bits, which fit into one number with the check's id.
alter table checks add column rules_hash integer not null generated always as (
  hashtext(
    project_id::text || '/' || slug || '/' || methods || '/' || filter_subject::text || filter_body::text
    || filter_http_body::text || filter_default_fail::text || '/' || start_kw || '/' || success_kw || '/' || failure_kw
  ) & 1048575
) stored;
