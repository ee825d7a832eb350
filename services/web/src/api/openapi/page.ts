import type { OpenApiDocument, OperationObject } from './document.ts';

/** The OpenAPI document as a page: no scripts, nothing loaded, readable in light and dark and on paper. */
export function apiReferencePage(document: OpenApiDocument, documentUrl: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name);
    return {
      contents: `<li><b>${escaped(name)}</b><ul>${own
        .map(({ operation }) => `<li><a href="#${operation.operationId}">${prose(operation.summary)}</a></li>`)
        .join('')}</ul></li>`,
      body: `<h2>${escaped(name)}</h2>${own.map((o) => operationHtml(o.path, o.method, o.operation)).join('')}`,
    };
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.info.title)}: reference</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escaped(document.info.title)}: reference</h1></header>
<nav aria-label="Contents"><p><a href="..">← Guide with examples</a></p><ul>${sections.map((s) => s.contents).join('')}<li><a href="#schemas"><b>Documents</b></a></li></ul></nav>
<main>
<p>${prose(document.info.description)} The same as <a href="${escaped(documentUrl)}">OpenAPI 3.1</a>, for tools.
Versions 1 and 2 have the same addresses with <code>v1</code> and <code>v2</code>.</p>
${sections.map((s) => s.body).join('\n')}
<h2 id="schemas">Documents</h2>
${Object.entries(document.components.schemas)
  .map(([name, schema]) => `<h3 id="schema-${name}">${name}</h3>${schemaHtml(schema as Schema)}`)
  .join('\n')}
</main>
</body>
</html>
`;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly additionalProperties?: Schema | boolean;
}

function operationHtml(path: string, method: string, operation: OperationObject): string {
  const parameters = (operation.parameters ?? []).map(
    (p) =>
      `<tr><td><code>${p.name}</code></td><td>${p.in}</td><td>${typeHtml(p.schema as Schema)}</td><td>${prose(p.description)}</td></tr>`,
  );
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) =>
      `<p>Body${operation.requestBody?.required ? '' : ' (optional)'}: <code>${escaped(type)}</code>${schema ? `, ${typeHtml(schema as Schema)}` : ''}</p>`,
  );
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const contents = Object.entries(response.content ?? {}).map(
      ([type, { schema }]) => `${schema ? typeHtml(schema as Schema) : `<code>${escaped(type)}</code>`}`,
    );
    return `<tr><td>${status}</td><td>${prose(response.description)}</td><td>${contents.join(' or ') || 'empty'}</td></tr>`;
  });
  return `<section id="${operation.operationId}">
<h3><code><b>${method}</b> ${escaped(path)}</code></h3>
<p>${prose(operation.summary)}. ${prose(operation.description ?? '')}</p>
${parameters.length > 0 ? `<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${parameters.join('')}</tbody></table>` : ''}
${bodies.join('')}
<table><thead><tr><th>Status</th><th>Meaning</th><th>Body</th></tr></thead><tbody>${responses.join('')}</tbody></table>
</section>`;
}

function schemaHtml(schema: Schema): string {
  if (!schema.properties) return `<p>${typeHtml(schema)}</p>`;
  const rows = Object.entries(schema.properties).map(([name, member]) => {
    const notes = [
      schema.required?.includes(name) ? '' : 'optional',
      member.deprecated ? 'deprecated' : '',
      member.description ?? '',
    ].filter(Boolean);
    return `<tr><td><code>${escaped(name)}</code></td><td>${typeHtml(member)}</td><td>${prose(notes.join('; '))}</td></tr>`;
  });
  return `<table><thead><tr><th>Member</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function typeHtml(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!;
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.allOf) return schema.allOf.map(typeHtml).join(' and ');
  if (schema.anyOf) return schema.anyOf.map(typeHtml).join(' or ');
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(JSON.stringify(value))}</code>`).join(', ');
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  if (schema.items) return `list of ${typeHtml(schema.items)}`;
  if (schema.properties) {
    const members = Object.entries(schema.properties).map(([name, member]) => `${escaped(name)}: ${typeHtml(member)}`);
    return `{ ${members.join(', ')} }`;
  }
  if (typeof schema.additionalProperties === 'object') return `object of ${typeHtml(schema.additionalProperties)}`;
  const bounds = [
    schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? `from ${schema.minimum}` : '',
    schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? `to ${schema.maximum}` : '',
    schema.maxLength === undefined ? '' : `at most ${schema.maxLength} characters`,
  ].filter(Boolean);
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'anything');
  return [type, ...bounds].map(escaped).join(' ');
}

/** Descriptions are CommonMark (OpenAPI 3.1, 4.8); of that, ours have code spans. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; display: grid; grid-template-columns: 17rem minmax(0, 1fr);
  gap: 1rem 3rem; font: 16px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
header { grid-column: 1 / -1; } nav { position: sticky; top: 1.5rem; align-self: start; max-height: calc(100vh - 3rem); overflow: auto; font-size: .875rem; }
nav ul { list-style: none; padding: 0; margin: 0; } nav li { margin: .2rem 0; } nav ul ul { padding-left: .8rem; margin-bottom: .8rem; }
a { color: LinkText; text-underline-offset: .15em; } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
h1 { margin: 0; line-height: 1.2; } main > p:first-child { margin-top: 0; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
section { margin: 2rem 0; } table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 60rem) { body { display: block; } nav { position: static; max-height: none; } main { overflow-x: auto; } }
@media print { nav { display: none; } body { display: block; } }
`;
