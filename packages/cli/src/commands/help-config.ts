import { helpText } from '@overdue/config';

/** `overdue help config`: every variable, from the one table. */
export function helpConfig(): void {
  process.stdout.write(helpText());
}
