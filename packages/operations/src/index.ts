/**
 * What people do to checks and channels: each operation one transaction under the check's row lock, used by the UI, the
 * API, the CLI and the ingester alike. Rules H1…H9 are those of the status-and-alerting reference.
 */
export { assignChecks, toggleChannel } from './channels/assign.ts';
export {
  type ChannelChange,
  type ChannelRow,
  changeChannel,
  createChannel,
  deleteChannel,
  renameChannel,
  updateChannel,
} from './channels/channels.ts';
export { ALL_CHANNELS } from './channels/selection.ts';
export { readSettings, switchedOff } from './channels/settings.ts';
export { copyCheck } from './checks/copy.ts';
export { createCheck } from './checks/create.ts';
export { deleteCheck } from './checks/delete.ts';
export {
  type CheckRequest,
  checkFields,
  checkRequestSchema,
  codePoints,
  isStorable,
  MAX_KEYWORD,
  MAX_NAME,
  MAX_SECONDS,
  MAX_TAGS,
  MIN_SECONDS,
  parseCheckRequest,
} from './checks/fields.ts';
export { freeChecks } from './checks/limit.ts';
export { clearEvents, pauseCheck, resumeCheck, updateAndPause } from './checks/pause.ts';
export { type CheckRow, type CheckWithChannels, channelCodes, type EditableColumns } from './checks/row.ts';
export { transferCheck } from './checks/transfer.ts';
export { editCheckSchedule, updateCheck, updateCheckByRequest } from './checks/update.ts';
export { upsertCheck } from './checks/upsert.ts';
export { applyConfig } from './config-as-code/apply.ts';
export { exportConfig } from './config-as-code/export.ts';
export { channelKinds } from './config-as-code/kinds.ts';
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
