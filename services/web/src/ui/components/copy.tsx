/** Text to copy: selectable, and with a script one click copies it. */
export function CopyText({ text, block = false }: { readonly text: string; readonly block?: boolean }) {
  return (
    <span class={block ? 'copy copy-block' : 'copy'} data-copy={text}>
      <code>{text}</code>
    </span>
  );
}
