-- Counts the edits of what the ping path remembers of a check (packages/pings: check-cache.ts): where its slug leads to, and
-- what its pings mean. Each ping says by which version it was judged, so one that met an edit is seen when its check is
-- locked, without waiting for a notification. 20 bits, which fit into one number with the check's id.
alter table checks add column rules_version integer not null default 0;

-- Neither a generated column nor a trigger before the update: both cost something for each ping.
create function checks_rules_changed() returns trigger language plpgsql as $$
begin
  update checks set rules_version = (rules_version + 1) & 1048575 where id = new.id;
  return null;
end $$;
create trigger checks_rules_changed after update of
  project_id, slug, methods, filter_subject, filter_body, filter_http_body, filter_default_fail, start_kw, success_kw,
  failure_kw
  on checks for each row
  when ((old.project_id, old.slug, old.methods, old.filter_subject, old.filter_body, old.filter_http_body,
         old.filter_default_fail, old.start_kw, old.success_kw, old.failure_kw)
    is distinct from
        (new.project_id, new.slug, new.methods, new.filter_subject, new.filter_body, new.filter_http_body,
         new.filter_default_fail, new.start_kw, new.success_kw, new.failure_kw))
  execute function checks_rules_changed();
