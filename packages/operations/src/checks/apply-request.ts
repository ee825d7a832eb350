import { slugify } from '@overdue/checks';
import { canonicalZone, guessScheduleKind } from '@overdue/schedules';
import type { CheckRequest } from './fields.ts';
import type { EditableColumns } from './row.ts';

const COPIED = [
  'slug',
  'tags',
  'desc',
  'manual_resume',
  'methods',
  'start_kw',
  'success_kw',
  'failure_kw',
  'filter_subject',
  'filter_body',
  'filter_http_body',
  'filter_default_fail',
  'grace',
] as const satisfies readonly (keyof EditableColumns & keyof CheckRequest)[];

/**
 * What a valid request changes in a check, in the order of management-api.md §7.4. Only columns that the request writes
 * are in the answer (M-40).
 * @param current the check as it is, or the defaults of a new one
 * @param slugFromName v1 and v2: `name` also sets the slug (M-26); an explicit `slug` wins
 */
export function applyRequest(
  current: EditableColumns,
  request: CheckRequest,
  slugFromName: boolean,
): Partial<EditableColumns> {
  const changes: Partial<EditableColumns> = {};
  if (request.name !== undefined) {
    changes.name = request.name;
    if (slugFromName) changes.slug = slugify(request.name);
  }

  if (request.schedule) {
    changes.kind = guessScheduleKind(request.schedule);
    changes.schedule = request.schedule;
  } else if (request.timeout !== undefined) {
    changes.kind = 'simple';
    changes.timeout = request.timeout;
  }

  if (request.subject !== undefined) {
    changes.success_kw = request.subject;
    changes.filter_subject = request.subject !== '' || current.failure_kw !== '';
  }
  if (request.subject_fail !== undefined) {
    changes.failure_kw = request.subject_fail;
    changes.filter_subject = request.subject_fail !== '' || (changes.success_kw ?? current.success_kw) !== '';
  }

  for (const field of COPIED) {
    if (request[field] !== undefined) Object.assign(changes, { [field]: request[field] });
  }
  if (request.tz !== undefined) changes.tz = canonicalZone(request.tz) ?? request.tz;
  return changes;
}
