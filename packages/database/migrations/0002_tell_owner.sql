-- A channel was switched off because its receiver refuses for good, and the project's owner is to be told by e-mail: when
-- (next). Null: there is nothing to tell.
alter table channels add column tell_owner_at timestamptz;
create index channels_tell_owner on channels (tell_owner_at) where tell_owner_at is not null;
