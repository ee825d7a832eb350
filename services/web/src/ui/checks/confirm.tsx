import type { ComponentChildren } from 'preact';
import type { ForCheck } from '../../http/handlers.ts';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { checkTitle } from './check.ts';

/** A page that asks before something is done that cannot be undone, or not easily. */
export function sendConfirmation(
  visit: ForCheck,
  options: {
    readonly title: string;
    readonly path: string;
    readonly button: string;
    readonly danger?: boolean;
    readonly children: ComponentChildren;
    readonly status?: number;
  },
): Promise<void> {
  const { check, access } = visit;
  return sendPage(visit, {
    title: `${options.title}: ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'narrow',
    ...(options.status ? { status: options.status } : {}),
    body: (
      <section class="dialog-page">
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <h1>{options.title}</h1>
        <PostForm action={`/checks/${check.code}/${options.path}/`} class="stack">
          {options.children}
          <FormActions submit={options.button} cancel={`/checks/${check.code}/details/`} danger={options.danger} />
        </PostForm>
      </section>
    ),
  });
}
