/** What lies behind the listeners: from a parsed ping to the database. */
export type { PipelineConfig } from './options.ts';
export { openPipeline, type Pipeline } from './pipeline.ts';
export { MAX_PENDING_BYTES } from './stages.ts';
