-- The ping path writes rows where it has read and locked them (by ctid). Should one not be there, nothing of the batch may
-- be committed, although its `commit` is on the way already: an error that says that it can be tried again.
create function all_found(seen bigint, wanted bigint) returns void language plpgsql as $$
begin
  if seen <> wanted then
    raise exception 'only % of % locked checks were where they had been read', seen, wanted
      using errcode = 'serialization_failure';
  end if;
end $$;
