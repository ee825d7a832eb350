-- Batches that go by what an ingester remembers of checks ask it, too: nothing is locked or read there.
create or replace function all_found(seen bigint, wanted bigint) returns void language plpgsql as $$
begin
  if seen <> wanted then
    raise exception 'only % of % rows were as expected', seen, wanted using errcode = 'serialization_failure';
  end if;
end $$;
