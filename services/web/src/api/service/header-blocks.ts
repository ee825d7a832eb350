/**
 * The header blocks of a mail and, depth first, of everything in it: parts of multiparts, attached messages, and the
 * groups of fields of a delivery report (RFC 3464). Enough to read bounces, which come in every shape.
 */

/** Fields by lower-case name; of repeated ones the first. */
export type HeaderBlock = ReadonlyMap<string, string>;

/** Parts within parts are followed this far. */
const MAX_DEPTH = 20;

/** @param message as received; one that is malformed gives as many blocks as can be read */
export function headerBlocks(message: string): HeaderBlock[] {
  const blocks: HeaderBlock[] = [];
  collect(message.replaceAll('\r\n', '\n'), blocks, 0);
  return blocks;
}

function collect(entity: string, blocks: HeaderBlock[], depth: number): void {
  const end = entity.startsWith('\n') ? 0 : entity.indexOf('\n\n');
  const header = end < 0 ? entity : entity.slice(0, end);
  const body = end < 0 ? '' : entity.slice(end === 0 ? 1 : end + 2);
  const block = readBlock(header);
  blocks.push(block);
  if (depth >= MAX_DEPTH) return;

  const type = (block.get('content-type') ?? '').toLowerCase();
  const boundary = /boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(block.get('content-type') ?? '');
  if (type.startsWith('multipart/') && boundary) {
    for (const part of parts(body, boundary[1] ?? boundary[2]!)) collect(part, blocks, depth + 1);
  } else if (type.startsWith('message/delivery-status')) {
    for (const group of body.split(/\n\n+/)) if (group.trim() !== '') blocks.push(readBlock(group));
  } else if (type.startsWith('message/')) {
    collect(body, blocks, depth + 1);
  }
}

function parts(body: string, boundary: string): string[] {
  const found: string[] = [];
  let part: string[] | null = null;
  for (const line of body.split('\n')) {
    const delimiter = line.trimEnd();
    if (delimiter === `--${boundary}` || delimiter === `--${boundary}--`) {
      if (part) found.push(part.join('\n'));
      part = delimiter.endsWith('--') && delimiter.length > boundary.length + 2 ? null : [];
    } else {
      part?.push(line);
    }
  }
  if (part) found.push(part.join('\n'));
  return found;
}

function readBlock(text: string): HeaderBlock {
  const fields = new Map<string, string>();
  for (const line of text.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}
