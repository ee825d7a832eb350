/**
 * The way of a ping, whatever brings it: parse, look up, throttle, write in batches, spool. No transport here;
 * services/ingester has HTTP and SMTP.
 */
export { type Applied, applyBatch } from './apply-batch.ts';
export { journalPatience, lookUpPatience } from './budget.ts';
export { ChangeListener, type Changes, VOUCH_CHANNEL } from './change-listener.ts';
export { CheckCache } from './check-cache.ts';
export { type FoundCheck, loadByCode, loadBySlug } from './check-loader.ts';
export { clientAddress, forwardedClient, forwardedScheme, plainAddress } from './client-address.ts';
export { classifyEmail, parsePingMailbox, readMessage } from './email/index.ts';
export type { IncomingPing, IntakeOutcome } from './incoming.ts';
export { type Hearing, PingIntake, type Provisioner } from './intake.ts';
export { Loader } from './loader.ts';
export { EXIT_STATUS_TOO_HIGH, type PingAction, type PingAddress, type PingPath, parsePingPath } from './path.ts';
export type { Ping } from './ping.ts';
export { PatientPool } from './pool.ts';
export { parseQuery } from './query.ts';
export { RateLimit } from './rate-limit.ts';
export { RememberedChecks } from './remembered-checks.ts';
export { Replay, type ReplayEvents } from './replay.ts';
export { type CheckRules, classifyHttp, NO_RULES } from './rules.ts';
export { ShortMemory } from './short-memory.ts';
export { openSpoolDirectory, type SpoolDirectory } from './spool/directory.ts';
export { SpoolLockedError } from './spool/lock.ts';
export { forgetFormer, takeOver } from './spool/owners.ts';
export { keepReceived, readReceived } from './spool/received.ts';
export { ANOTHER_RELEASE, type Damage } from './spool/segment.ts';
export { type SpoolStatus, spoolStatus } from './spool/status.ts';
export { Throttle } from './throttle.ts';
export { uuid7 } from './uuid7.ts';
export { COALESCED_GRACE_MS, Watermark } from './watermark.ts';
export { PingWriter, type WriterEvents } from './writer.ts';
