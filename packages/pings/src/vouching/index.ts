/** Who vouches for the pings up to when: what `sendalerts` judges lateness by, and an ingester that holds a late ping. */
export { bury, dismissalsOf, dismissIngester, listInstances, type NotDismissed, SPOOLED_PINGS } from './give-up.ts';
export { type DeadIngester, type IngesterRow, IngesterWatch } from './ingester-watch.ts';
export { readKnown, type Vouching } from './known.ts';
export { impliedGaps, readIngesters, readWorld, SPOOLING_SINCE, succeed, type World } from './world.ts';
