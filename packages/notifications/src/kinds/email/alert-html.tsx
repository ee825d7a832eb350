import { plural } from '@overdue/checks';
import type { ComponentChildren } from 'preact';
import { mailDocument } from '../../mail/layout.tsx';
import type { AlertView } from './alert-view.ts';

const TONES = { good: '#1a7f4b', bad: '#c42b3a', neutral: '#5b6472' } as const;

/** The alert as HTML: tables and inline styles, as mail programs want them; every value is escaped. */
export function alertHtml(view: AlertView): string {
  const state = view.down ? 'DOWN' : 'UP';
  return mailDocument({
    title: `${state} | ${view.name}`,
    siteName: view.siteName,
    siteRoot: view.siteRoot,
    stripe: view.down ? TONES.bad : TONES.good,
    footer: (
      <>
        You receive this because alerts of {view.project ? `the project ${view.project}` : 'a project'} on{' '}
        {view.siteName} go to this address. <a href={view.unsubscribe}>Unsubscribe</a>
      </>
    ),
    children: (
      <>
        <p style="margin:0 0 4px;font-size:20px;line-height:28px;font-weight:600">
          “{view.name}” is <span style={`color:${view.down ? TONES.bad : TONES.good}`}>{state}</span>
          {view.reason ? ` (${view.reason})` : ''}.
        </p>
        {view.downtime && <p style="margin:0 0 4px">It was down for {view.downtime}.</p>}
        <p style="margin:12px 0 20px">
          <a href={view.link}>View details</a>
        </p>
        {view.desc && (
          <Row label="Description">
            <Lines text={view.desc} />
          </Row>
        )}
        {view.project && <Row label="Project">{view.project}</Row>}
        {view.tags.length > 0 && (
          <Row label="Tags">
            {view.tags.map((tag) => (
              <code key={tag} style="background:#eef0f3;border-radius:3px;padding:1px 5px;margin-right:4px">
                {tag}
              </code>
            ))}
          </Row>
        )}
        <Row label={view.schedule.label}>
          {view.schedule.tz ? <code style="font-size:14px">{view.schedule.value}</code> : view.schedule.value}
        </Row>
        {view.schedule.tz && <Row label="Time Zone">{view.schedule.tz}</Row>}
        <Row label="Total Pings">
          {view.totalPings} (since {view.since})
        </Row>
        {view.lastPing && (
          <>
            <Row label="Last Ping">
              {view.lastPing.ago}
              {view.lastPing.from && `, from ${view.lastPing.from}`}
            </Row>
            <Row label="Last Ping Type">
              <span style={`color:${TONES[view.lastPing.tone]};font-weight:600`}>{view.lastPing.type}</span>
            </Row>
          </>
        )}
        <Row label="Status Change">{view.changedAt}</Row>
        {view.lastPing?.subject != null && (
          <p style="margin:16px 0 0">
            <b>Last Ping Subject</b>
            <br />
            {view.lastPing.subject}
          </p>
        )}
        {view.body && (
          <>
            <p style="margin:20px 0 6px">
              <b>Last Ping Body</b>
              {view.body.kind === 'text' && view.body.notice && (
                <>
                  <br />
                  <span style="color:#5b6472">{view.body.notice}</span>{' '}
                  <a href={`${view.link}#ping-${view.lastPing?.n}`}>View the whole body</a>
                </>
              )}
            </p>
            {view.body.kind === 'attached' ? (
              <p style="margin:0">See the attached last-ping.eml.</p>
            ) : (
              <pre style="margin:0;padding:12px;background:#f5f6f8;border-radius:6px;font-size:13px;white-space:pre-wrap;word-break:break-word">
                <Lines text={view.body.text} />
              </pre>
            )}
          </>
        )}
        {view.overview && view.overview.length > 0 && (
          <>
            <p style="margin:24px 0 6px">
              <b>Projects Overview</b>
            </p>
            {view.overview.map((project) => (
              <Row
                key={project.code}
                label={<a href={`${view.siteRoot}/projects/${project.code}/checks/`}>{project.name}</a>}
              >
                {project.down === 0 ? (
                  'all checks up'
                ) : (
                  <b style={`color:${TONES.bad}`}>{plural(project.down, 'check')} down</b>
                )}
              </Row>
            ))}
          </>
        )}
      </>
    ),
  });
}

function Row({ label, children }: { label: ComponentChildren; children: ComponentChildren }) {
  return (
    <table role="presentation" width="100%" cellpadding="0" cellspacing="0">
      <tr>
        <td width="150" valign="top" style="padding:3px 12px 3px 0;color:#5b6472">
          {label}
        </td>
        <td valign="top" style="padding:3px 0;word-break:break-word">
          {children}
        </td>
      </tr>
    </table>
  );
}

function Lines({ text }: { text: string }) {
  const lines = text.split('\n');
  return (
    <>
      {lines.map((line, i) => (
        <span key={i}>
          {i > 0 && <br />}
          {line}
        </span>
      ))}
    </>
  );
}
