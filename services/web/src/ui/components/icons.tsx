import type { DisplayStatus } from '@overdue/checks';
import type { ComponentChildren } from 'preact';

export const STATUS_WORDS: Readonly<Record<DisplayStatus, string>> = {
  up: 'Up',
  grace: 'Late',
  down: 'Down',
  new: 'New',
  paused: 'Paused',
};

const STATUS_SHAPES: Readonly<Record<DisplayStatus, ComponentChildren>> = {
  up: <path d="m7.5 12.4 3 3 6-6.6" />,
  grace: <path d="M12 8.6v5.2M12 17.4v.1" />,
  down: <path d="m8.4 8.4 7.2 7.2m0-7.2-7.2 7.2" />,
  new: <path d="M12 7v5.2l3.4 2" />,
  paused: <path d="M9.7 8.4v7.2m4.6-7.2v7.2" />,
};

/**
 * The status as shape, colour and word: late is a triangle, down an octagon, the others circles, so that it reads
 * without colour. `started`: a run is in progress.
 */
export function StatusIcon({
  status,
  started = false,
  size = 24,
}: {
  readonly status: DisplayStatus;
  readonly started?: boolean;
  readonly size?: number;
}) {
  const label = STATUS_WORDS[status] + (started ? ', running' : '');
  return (
    <span class={`status status-${status}`} title={label}>
      <svg width={size} height={size} aria-hidden="true">
        <use href={`#status-${status}`} />
      </svg>
      <span class="visually-hidden">{label}</span>
      {started && (
        <span class="running" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
      )}
    </span>
  );
}

/** Every drawing once a page; the icons refer to them. Put it at the beginning of the body. */
export function Sprite() {
  return (
    <svg class="sprite" width="0" height="0" aria-hidden="true">
      {(Object.keys(STATUS_SHAPES) as DisplayStatus[]).map((status) => (
        <symbol key={status} id={`status-${status}`} viewBox="0 0 24 24">
          {status === 'grace' ? (
            <path
              class="shape"
              d="M12 2.2c.7 0 1.3.35 1.65.95l8.6 15.1A1.9 1.9 0 0 1 20.6 21H3.4a1.9 1.9 0 0 1-1.65-2.75l8.6-15.1C10.7 2.55 11.3 2.2 12 2.2z"
            />
          ) : status === 'down' ? (
            <path class="shape" d="M8 1.8h8L22.2 8v8L16 22.2H8L1.8 16V8z" />
          ) : (
            <circle class="shape" cx="12" cy="12" r="10.2" />
          )}
          <g class="sign">{STATUS_SHAPES[status]}</g>
        </symbol>
      ))}
      {Object.entries(GLYPHS).map(([glyph, drawing]) => (
        <symbol key={glyph} id={`icon-${glyph}`} viewBox="0 0 24 24">
          {drawing}
        </symbol>
      ))}
    </svg>
  );
}

const GLYPHS = {
  email: <path d="M3.5 6.5h17v11h-17zm.4.4 8.1 6.3 8.1-6.3" />,
  webhook: (
    <path d="M8.5 13.5 11 8.6a3 3 0 1 1 3.9-.4m-2.6 1.2 2.6 4.7a3 3 0 1 1-.7 4.5m-7.2-.8h5.3m-7.2-3.2a3 3 0 1 0 1.9 3.2" />
  ),
  group: <path d="M4 6h16M4 12h16M4 18h16" />,
  other: <path d="M6.5 17.5v-7a5.5 5.5 0 0 1 11 0v7m-13 0h15m-9 2.5h3" />,
  pause: <path d="M9 6v12m6-12v12" />,
  play: <path d="M8 5.5v13l10.5-6.5z" />,
  more: <path d="M5.5 12h.1m6.4 0h.1m6.4 0h.1" />,
  copy: <path d="M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5" />,
  plus: <path d="M12 5v14M5 12h14" />,
  search: <path d="M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zm4.8-1.7 4.7 4.7" />,
  clock: <path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5.2l3.2 1.9" />,
  alert: <path d="M12 3.5 2.8 20h18.4zM12 10v4.6m0 2.7v.1" />,
  bolt: <path d="M13 3 5.5 13.5h6L11 21l7.5-10.5h-6z" />,
  chevron: <path d="m7 10 5 5 5-5" />,
  person: <path d="M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7.5 8a7.5 7.5 0 0 1 15 0" />,
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
} as const;

export type Glyph = keyof typeof GLYPHS;

/** A small line drawing in the colour of the text around it; says nothing to screen readers. */
export function Icon({ glyph, size = 18 }: { readonly glyph: Glyph; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} aria-hidden="true">
      <use href={`#icon-${glyph}`} />
    </svg>
  );
}

/** The drawing for a kind of channel. */
export function channelGlyph(kind: string): Glyph {
  return kind === 'email' || kind === 'webhook' || kind === 'group' ? kind : 'other';
}

/** Our mark: a check mark that is the hands of a clock. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect class="mark-plate" x="1" y="1" width="30" height="30" rx="8" />
      <path class="mark-hands" d="m9.5 16.5 5 5L23.5 10" />
      <circle class="mark-dot" cx="24" cy="8.5" r="3.2" />
    </svg>
  );
}
