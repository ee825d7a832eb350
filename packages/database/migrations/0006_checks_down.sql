-- Where something is down, for reminders. A ping that leaves the status alone stays HOT: values are compared, and it does
-- not change one; a flip writes index entries in any case (wake_at).
create index checks_down on checks (project_id) where status = 'down';
