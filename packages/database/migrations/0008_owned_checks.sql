-- At most how many checks the projects of an owner have: what was counted once, and what was added since, so that making
-- a check costs the same in a project of ten and of ten thousand. Only those who hold the owner's lock write it (operations,
-- checks/limit.ts). What is deleted is not taken off: whoever finds no room counts again. No row: not counted yet.
create table owned_checks (
  owner_id bigint primary key references users on delete cascade,
  at_most integer not null,
  counted_at timestamptz not null
) with (fillfactor = 50);
