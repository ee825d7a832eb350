// What every page gets on top of plain HTML: all of it is optional, the pages work without.

document.documentElement.classList.add('with-script');

// Menus close on Escape and on a click elsewhere.
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details[data-menu][open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details[data-menu][open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});

// "/" goes to the search field, wherever one is.
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.('input, textarea, select, [contenteditable]')) return;
  const field = document.querySelector('[data-shortcut="/"]');
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// The browser's zone, for the account that is being created.
for (const input of document.querySelectorAll('input[data-browser-zone]')) {
  if (!input.value) input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
}

// Filters that apply as soon as they are changed.
document.addEventListener('change', (event) => {
  if (event.target.matches?.('[data-submit-on-change]')) event.target.form.requestSubmit();
});

// The link of an old mail does what it says without another click.
document.querySelector('form[data-sends-itself]')?.requestSubmit();

// Links in alerts name a ping of a check (DE-8), which may be older than what its page lists.
const ping = /^#ping-(\d+)$/.exec(location.hash);
if (ping && location.pathname.endsWith('/details/')) location.replace(`../pings/${ping[1]}/`);

// A form is sent once, however often its button is pressed.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = 'yes';
});
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Copying: a button beside (or in) whatever has data-copy.
const COPY_ICON = '<svg class="icon" width="16" height="16" aria-hidden="true"><use href="#icon-copy"/></svg>';

function addCopyButtons(root) {
  for (const place of root.querySelectorAll('[data-copy]')) {
    if (place.querySelector(':scope > .copy-button')) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy-button';
    button.innerHTML = `${COPY_ICON}<span class="visually-hidden">Copy</span>`;
    button.addEventListener('click', () => copy(place.dataset.copy, button));
    place.append(button);
  }
}

async function copy(text, button) {
  const label = button.querySelector('span');
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = 'Copied';
  } catch {
    // No clipboard over plain HTTP: select it, so that the keyboard can.
    const code = button.parentElement.querySelector('code') ?? button.parentElement;
    getSelection().selectAllChildren(code);
    label.textContent = 'Selected';
  }
  button.classList.add('done');
  button.title = label.textContent;
  setTimeout(() => {
    button.classList.remove('done');
    button.title = '';
    label.textContent = 'Copy';
  }, 1500);
}

addCopyButtons(document);
document.addEventListener('overdue:replaced', (event) => addCopyButtons(event.target));

// "5 minutes ago" stays true. The words are those of src/ui/text/dates.ts.
/** @type {[string, number][]} */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const plural = (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'}`;

function spoken(seconds) {
  if (seconds < 60) return plural(seconds, 'second');
  if (seconds < 3600) return seconds < 120 ? 'a minute' : plural(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return seconds < 7200 ? 'an hour' : plural(Math.floor(seconds / 3600), 'hour');
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[first];
  const count = Math.floor(seconds / size);
  const [nextUnit, nextSize] = UNITS[first + 1];
  const rest = Math.floor((seconds - count * size) / nextSize);
  return rest > 0 ? `${plural(count, unit)}, ${plural(rest, nextUnit)}` : plural(count, unit);
}

// The server's clock counts, not this machine's.
const served = Date.parse(document.querySelector('meta[name="overdue-now"]')?.content ?? '');
const skew = Number.isNaN(served) ? 0 : served - Date.now();

function tick() {
  const now = Date.now() + skew;
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const difference = Math.trunc((now - Date.parse(time.dateTime)) / 1000);
    const seconds = Math.abs(difference);
    const words = seconds < 1 ? 'now' : `${spoken(seconds)} ${difference > 0 ? 'ago' : 'from now'}`;
    if (time.textContent !== words) time.textContent = words;
  }
}
setInterval(() => {
  if (!document.hidden) tick();
}, 1000);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) tick();
});

// Long lists of checkboxes: all, none.
for (const list of document.querySelectorAll('[data-select-all]')) {
  const boxes = [...list.querySelectorAll('input[type=checkbox]')];
  if (boxes.length < 4) continue;
  const bar = document.createElement('p');
  bar.className = 'select-all';
  for (const [label, on] of /** @type {[string, boolean][]} */ ([
    ['Select all', true],
    ['Select none', false],
  ])) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button quiet';
    button.textContent = label;
    button.addEventListener('click', () => {
      for (const box of boxes) box.checked = on;
    });
    bar.append(button);
  }
  list.querySelector('legend').after(bar);
}
