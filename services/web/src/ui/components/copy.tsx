/** Text to copy: selectable, and with a script one click copies it. */
export function CopyText({ text, block = false }: { readonly text: string; readonly block?: boolean }) {
  return (
    <span class={block ? 'copy copy-block' : 'copy'} data-copy={text}>
      <code>{text}</code>
    </span>
  );
}

/** A ping URL in little space: when it does not fit, its beginning gives way, which is the same for all. */
export function CopyPingUrl({ url }: { readonly url: string }) {
  const cut = url.lastIndexOf('/') + 1;
  return (
    <span class="copy" data-copy={url}>
      <code class="ping-url">
        <span>{url.slice(0, cut)}</span>
        <span>{url.slice(cut)}</span>
      </code>
    </span>
  );
}

/** Several lines to copy, as they are; scrolls when they are many. */
export function CopyBlock(props: { readonly text: string; readonly class: string; readonly label: string }) {
  return (
    <div class="copy-frame" data-copy={props.text}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard has to reach that */}
      <section class={props.class} tabIndex={0} aria-label={props.label}>
        <pre>
          <code>{props.text}</code>
        </pre>
      </section>
    </div>
  );
}
