import { findKind } from '@overdue/notifications';
import { channelGlyph, Icon } from './icons.tsx';

/** The kind's own drawing. It comes from our own packages, never from users, so it may go in unescaped. */
export function ChannelIcon({ kind }: { readonly kind: string }) {
  const svg = findKind(kind)?.icon;
  if (!svg) return <Icon glyph="other" size={24} />;
  return <span class="channel-icon" aria-hidden="true" dangerouslySetInnerHTML={{ __html: svg }} />;
}

/** The same in little space, for lists: the kinds that everybody has come from the page's sprite. */
export function ChannelSign({ kind }: { readonly kind: string }) {
  const glyph = channelGlyph(kind);
  return glyph === 'other' ? <ChannelIcon kind={kind} /> : <Icon glyph={glyph} />;
}
