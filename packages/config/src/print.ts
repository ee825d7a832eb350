/** The table for people: `overdue help config` and docs/configuration.md. */
import { GROUPS, SETTINGS, type Setting } from './table.ts';

const WIDTH = 100;

/** The text of `overdue help config`. */
export function helpText(): string {
  const sections = groups().map(({ group, settings }) =>
    [group.toUpperCase(), ...settings.map((setting) => helpEntry(setting))].join('\n\n'),
  );
  return `${['Overdue is configured by environment variables.', RULES.join('\n'), ...sections].join('\n\n')}\n`;
}

const RULES = [
  'NAME_FILE names a file that holds the value of NAME; it works for every variable and wins over NAME.',
  'A malformed value stops the start and names the variable, what it held and what is allowed.',
];

function helpEntry(setting: Setting): string {
  const details = [`${setting.type}${setting.secret ? ', secret' : ''}`, `default: ${plain(setting.defaultText)}`];
  const text = [...wrap(plain(sentence(setting))), ...wrap(`Allowed: ${setting.allowed}.`)];
  return [`  ${setting.name}  (${details.join('; ')})`, ...text.map((line) => `      ${line}`)].join('\n');
}

function plain(markdownText: string): string {
  return markdownText.replaceAll('`', '');
}

function sentence(setting: Setting): string {
  return setting.later ? `${setting.description} Accepted and checked, not used yet.` : setting.description;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The text of docs/configuration.md. */
export function markdown(): string {
  const sections = groups().flatMap(({ group, settings }) => [
    `## ${group}`,
    '',
    '| variable | type | default | meaning | read by |',
    '|---|---|---|---|---|',
    ...settings.map(markdownRow),
    '',
  ]);
  return [
    '<!-- Printed from the table in packages/config by scripts/generate-config-docs.mjs. Do not edit. -->',
    '',
    '# Configuration',
    '',
    'All configuration comes from environment variables, read once at start-up. The names are those of Healthchecks, so an',
    'existing environment file works as it is; `overdue help config` prints this page in the terminal, with what each',
    'variable allows, and `overdue doctor` checks a configuration.',
    '',
    '* `NAME_FILE` names a file that holds the value of `NAME`, for every variable. The content is trimmed, and wins over',
    '  `NAME`. An empty `NAME_FILE` is ignored.',
    '* bool: `True`, `False` or empty for `False`; upper and lower case matter.',
    '* list: items separated by commas.',
    '* A malformed value stops the start. The message names each such variable, what it held (secrets are not shown) and',
    '  what is allowed. A name that is one slip away from a variable is reported as a warning.',
    '',
    ...sections,
  ].join('\n');
}

function markdownRow(setting: Setting): string {
  const type = setting.secret ? `${setting.type}, secret` : setting.type;
  const readBy = setting.later ? 'nothing yet' : setting.readBy.length === 5 ? 'all' : setting.readBy.join(', ');
  const cells = [`\`${setting.name}\``, type, setting.defaultText, setting.description, readBy];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function groups(): { group: string; settings: Setting[] }[] {
  return Object.keys(GROUPS).map((group) => ({
    group,
    settings: SETTINGS.filter((setting) => setting.group === group),
  }));
}
