import type { Errors, Values } from '../../http/forms.ts';
import { allowedNext } from '../../http/redirect.ts';
import type { Visit } from '../../http/visit.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { registrationOpen } from './signup.tsx';

/** The page to sign in on, with what is wrong with what was entered; the password is never sent back. */
export function sendLogin(visit: Visit, values: Values, errors: Errors, status = 200): Promise<void> {
  return sendPage(visit, {
    title: 'Sign in',
    section: 'account',
    width: 'narrow',
    status,
    body: (
      <section class="dialog-page">
        <h1>Sign in</h1>
        <FormError errors={errors} />
        <PostForm action="/accounts/login/" class="stack">
          <input type="hidden" name="action" value="login" />
          <input type="hidden" name="next" value={allowedNext(values.next) ?? ''} />
          <TextField
            name="email"
            label="E-mail"
            type="email"
            autocomplete="username"
            required
            autofocus={!values.email}
            values={values}
            errors={errors}
          />
          <TextField
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            required
            autofocus={Boolean(values.email)}
            values={{}}
            errors={errors}
          />
          <button type="submit" class="button primary wide-button">
            Sign in
          </button>
        </PostForm>
        <OtherWays visit={visit} values={values} errors={errors} />
      </section>
    ),
  });
}

/** What helps without the password: a mailed link, or somebody with access to the server. */
function OtherWays({
  visit,
  values,
  errors,
}: {
  readonly visit: Visit;
  readonly values: Values;
  readonly errors: Errors;
}) {
  const support = visit.deps.config.SUPPORT_EMAIL;
  const contact = support && (
    <>
      {' '}
      Questions? Write to <a href={`mailto:${support}`}>{support}</a>.
    </>
  );
  if (!visit.site.messages.delivery.mailer.configured) {
    return (
      <p class="muted small">
        Lost your password? Somebody with access to the server can set a new one with{' '}
        <code>overdue users password --email … --password …</code>.{contact}
      </p>
    );
  }
  return (
    <>
      <details class="other-way" open={errors.identity !== undefined}>
        <summary>Sign in with a mailed link, for example to set a new password</summary>
        <PostForm action="/accounts/login/" class="stack">
          <input type="hidden" name="next" value={allowedNext(values.next) ?? ''} />
          <TextField
            name="identity"
            label="Your e-mail address"
            type="email"
            autocomplete="email"
            required
            values={values}
            errors={errors}
          />
          <button type="submit" class="button">
            Mail me a link
          </button>
        </PostForm>
      </details>
      <p class="muted small">
        {registrationOpen(visit) && <Link to="/accounts/signup/">Sign up</Link>}
        {contact}
      </p>
    </>
  );
}
