/**
 * What people do to checks and channels: each operation one transaction under the check's row lock, used by the UI, the
 * API, the CLI and the ingester alike. Rules H1…H9 are those of the status-and-alerting reference.
 */
export { assignChannels, assignChecks, toggleChannel } from './channels/assign.ts';
export {
  type ChannelChange,
  type ChannelReference,
  type ChannelRow,
  type ChannelSettings,
  type CreateChannel,
  changeChannel,
  createChannel,
  deleteChannel,
  renameChannel,
  type UpdateChannel,
  updateChannel,
} from './channels/channels.ts';
export { ALL_CHANNELS, type ChannelSelection } from './channels/selection.ts';
export {
  type ReadSettings,
  readSettings,
  type SettableKind,
  type Setting,
  switchedOff,
} from './channels/settings.ts';
export { applyRequest } from './checks/apply-request.ts';
export { copyCheck } from './checks/copy.ts';
export { type CreateCheck, createCheck, type UpsertCheck, upsertCheck } from './checks/create.ts';
export { deleteCheck } from './checks/delete.ts';
export {
  type CheckRequest,
  checkFields,
  checkRequestSchema,
  codePoints,
  isSchedule,
  isStorable,
  MAX_KEYWORD,
  MAX_NAME,
  MAX_SCHEDULE,
  MAX_SECONDS,
  MAX_SLUG,
  MAX_TAGS,
  MIN_SECONDS,
  parseCheckRequest,
} from './checks/fields.ts';
export { freeChecks } from './checks/limit.ts';
export { clearEvents, pauseCheck, resumeCheck, type UpdateAndPause, updateAndPause } from './checks/pause.ts';
export {
  type CheckReference,
  type CheckRow,
  type CheckWithChannels,
  channelCodes,
  EDITABLE_COLUMNS,
  type EditableColumns,
  NEW_CHECK,
} from './checks/row.ts';
export { transferCheck } from './checks/transfer.ts';
export {
  type EditSchedule,
  editCheckSchedule,
  type ScheduleColumns,
  type UpdateCheck,
  updateCheck,
  updateCheckByRequest,
} from './checks/update.ts';
export { type ApplyOptions, type ApplyResult, applyConfig } from './config-as-code/apply.ts';
export { type ExportOptions, exportConfig } from './config-as-code/export.ts';
export { type ChannelKinds, channelKinds } from './config-as-code/kinds.ts';
export type { Plan } from './config-as-code/plan.ts';
export { printPlan } from './config-as-code/print.ts';
export { updateAllNagDates } from './nag-dates.ts';
export { done, type Outcome, type Refusal, refuse } from './outcome.ts';
export { nextReportAt, REPORTS, type Reports } from './reports/next-report.ts';
export {
  endReports,
  NAG_PERIODS,
  type NagPeriod,
  type ReportSettings,
  readReportSettings,
  saveReportSettings,
} from './reports/settings.ts';
