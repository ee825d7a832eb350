import { ButtonLink } from './link.tsx';

/** The end of a form that is a page of its own: the button that sends it, and a link to `cancel`, the page before. */
export function FormActions(props: {
  readonly submit: string;
  readonly cancel: string;
  /** What the button does cannot be undone. */
  readonly danger?: boolean | undefined;
}) {
  return (
    <div class="form-actions">
      <button type="submit" class={`button ${props.danger ? 'danger' : 'primary'}`}>
        {props.submit}
      </button>
      <ButtonLink to={props.cancel} kind="quiet">
        Cancel
      </ButtonLink>
    </div>
  );
}
