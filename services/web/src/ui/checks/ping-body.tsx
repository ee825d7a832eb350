import { plural } from '@overdue/checks';
import type { ForCheck } from '../../http/handlers.ts';
import { CopyBlock } from '../components/copy.tsx';
import { Link } from '../components/link.tsx';
import type { PingDetails } from './events.ts';

/** More of a body that is not text helps nobody; the rest is in the download. */
const HEX_BYTES = 512;

/** The body as text; what is not text as a hex dump. */
export function PingBody({ visit, ping }: { readonly visit: ForCheck; readonly ping: PingDetails }) {
  const { body } = ping;
  if (body === null) return <p class="muted">This ping had no body.</p>;
  const text = textOf(body);
  return (
    <>
      <div class="body-head">
        <p class="muted small">
          {formatBytes(body.length)}
          {text === null && `, not text${body.length > HEX_BYTES ? `; the first ${HEX_BYTES} bytes` : ''}`}
        </p>
        <Link to={`/checks/${visit.check.code}/pings/${ping.n}/body/`}>Download the original</Link>
      </div>
      {text === null ? (
        <CopyBlock text={hexDump(body.subarray(0, HEX_BYTES))} class="ping-body hex" label="Body" />
      ) : (
        <CopyBlock text={text} class="ping-body" label="Body" />
      )}
    </>
  );
}

/** Null: it is not UTF-8, or has control characters that no text has. */
export function textOf(body: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it looks for; ESC is in coloured output
    return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** Sixteen bytes a line: offset, hexadecimal, and the characters that can be seen. */
export function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const line = bytes.subarray(offset, offset + 16);
    const hex = [...line].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const seen = [...line].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${offset.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${seen}`);
  }
  return lines.join('\n');
}

function formatBytes(count: number): string {
  if (count < 1000) return plural(count, 'byte');
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
