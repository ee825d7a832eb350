import type { ComponentChildren } from 'preact';
import { CSRF_FIELD } from '../../http/csrf.ts';
import { useVisit } from './context.ts';

interface LinkProps {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
  /** `auto`: for what people have named, in whatever script. */
  readonly dir?: 'auto';
  readonly 'aria-label'?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
}

/** A link to a page of ours; `to` is without the site's path prefix. */
export function Link({ to, children, ...rest }: LinkProps) {
  return (
    <a href={useVisit().site.base + to} {...rest}>
      {children}
    </a>
  );
}

interface FormProps {
  readonly action: string;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** A form that changes something: POST, with the CSRF token. `action` is without the prefix. */
export function PostForm({ action, children, ...rest }: FormProps) {
  const visit = useVisit();
  return (
    <form method="post" action={visit.site.base + action} {...rest}>
      <input type="hidden" name={CSRF_FIELD} value={visit.csrfToken()} />
      {children}
    </form>
  );
}

/** A button that is a form of its own: one action, nothing to fill in. */
export function PostButton({
  action,
  children,
  fields = {},
  kind = '',
  ...rest
}: {
  readonly action: string;
  readonly children: ComponentChildren;
  readonly fields?: Readonly<Record<string, string>>;
  readonly kind?: '' | 'primary' | 'danger' | 'quiet' | 'danger-quiet';
  readonly disabled?: boolean;
  readonly title?: string;
}) {
  return (
    <PostForm action={action} class="inline-form">
      {Object.entries(fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class={`button ${kind}`} {...rest}>
        {children}
      </button>
    </PostForm>
  );
}

/** A link that looks like a button: it leads to a page, it does not do anything. */
export function ButtonLink({
  to,
  kind = '',
  children,
}: {
  readonly to: string;
  readonly kind?: '' | 'primary' | 'danger' | 'quiet' | 'danger-quiet';
  readonly children: ComponentChildren;
}) {
  return (
    <Link to={to} class={`button ${kind}`}>
      {children}
    </Link>
  );
}
