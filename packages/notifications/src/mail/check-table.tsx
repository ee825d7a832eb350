import { type DisplayStatus, tagList } from '@overdue/checks';
import type { ComponentChildren } from 'preact';

/** What reports and reminders say of each check. Its UUID is its ping URL, so that is never in a mail. */
export interface MailedCheck {
  readonly name: string;
  /** Separated by spaces. */
  readonly tags: string;
  readonly status: DisplayStatus;
  /** The page with its details; for those who may see it. */
  readonly link: string;
}

export interface MailedProject<C extends MailedCheck> {
  readonly title: string;
  readonly checks: readonly C[];
}

/** A column beside status and name: its heading, and the text in it. */
export type Column<C> = readonly [heading: string, text: (check: C) => string];

const WORDS = { new: 'NEW', paused: 'PAUSED', grace: 'LATE', up: 'UP', down: 'DOWN' } as const;
const COLOURS = { new: '#6b7480', paused: '#6b7480', grace: '#9a6700', up: '#1a7f4b', down: '#c42b3a' } as const;

const UNNAMED = 'unnamed';

/** A table for each project, in columns of text. */
export function textTables<C extends MailedCheck>(
  projects: readonly MailedProject<C>[],
  columns: readonly Column<C>[],
): string[] {
  return projects.flatMap(({ title, checks }) => {
    const rows = [
      ['Status', 'Name', ...columns.map(([heading]) => heading)],
      ...checks.map((check) => [
        check.status === 'down' ? WORDS.down : WORDS[check.status].toLowerCase(),
        check.name || UNNAMED,
        ...columns.map(([, text]) => text(check)),
      ]),
    ];
    const widths = rows[0]!.map((_, i) => rows.reduce((most, row) => Math.max(most, row[i]!.length), 0));
    const lines = rows.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    );
    return [title, '', lines[0]!, widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1), ''];
  });
}

const CELL = 'padding:8px 10px 8px 0;border-bottom:1px solid #e4e7eb;text-align:left;vertical-align:top';
const HEAD = `${CELL};font-size:13px;font-weight:600;color:#5b6472`;
const STATUS = `${HEAD};width:64px`;
const OTHER = `${HEAD};width:26%`;
const NAME = `${CELL};word-break:break-word;overflow-wrap:anywhere`;
const TAG = 'display:inline-block;margin:2px 4px 0 0;padding:0 6px;border-radius:4px;background:#eef0f3;font-size:12px';

/** The same as HTML. */
export function HtmlTables<C extends MailedCheck>(props: {
  readonly projects: readonly MailedProject<C>[];
  readonly columns: readonly Column<C>[];
}) {
  const { projects, columns } = props;
  return (
    <>
      {projects.map(({ title, checks }, i) => (
        <Section key={i} title={title}>
          <tr>
            <th style={STATUS}>Status</th>
            <th style={HEAD}>Name</th>
            {columns.map(([heading]) => (
              <th key={heading} style={OTHER}>
                {heading}
              </th>
            ))}
          </tr>
          {checks.map((check) => (
            <tr key={check.link}>
              <td style={`${CELL};font-weight:600;color:${COLOURS[check.status]}`}>{WORDS[check.status]}</td>
              <td style={NAME}>
                <a href={check.link} style="color:#1b2430">
                  {check.name || <i>{UNNAMED}</i>}
                </a>
                {tagList(check.tags).length > 0 && (
                  <div>
                    {tagList(check.tags).map((tag) => (
                      <span key={tag} style={TAG}>
                        {tag}
                      </span>
                    ))}
                  </div>
                )}
              </td>
              {columns.map(([heading, text]) => (
                <td key={heading} style={CELL}>
                  {text(check)}
                </td>
              ))}
            </tr>
          ))}
        </Section>
      ))}
    </>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <>
      <h2 style="margin:24px 0 4px;font-size:16px">{title}</h2>
      <table width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;font-size:14px">
        {children}
      </table>
    </>
  );
}

/** Below the tables: where to change what is mailed, and how to end it. */
export interface MailedLinks {
  readonly settings: string;
  readonly unsubscribe: string;
}

/** The end of the text part, a line each. */
export function textFooter(siteName: string, links: MailedLinks): string[] {
  return ['--', siteName, `Change what is mailed: ${links.settings}`, `Unsubscribe: ${links.unsubscribe}`, ''];
}

/** The same for the HTML part. */
export function HtmlFooter({ links }: { readonly links: MailedLinks }) {
  return (
    <>
      <a href={links.settings}>Change what is mailed</a> · <a href={links.unsubscribe}>Unsubscribe</a>
    </>
  );
}
