// Keeps an open page true over server-sent events. [data-live] names the stream.
//   list of checks: each message carries the cells that changed
//   details, log:   a message says that something changed; the page fetches itself and swaps its live regions

const root = document.querySelector('[data-live]');
let source = null;
let pending = null;
let fetching = false;
let seen = root?.dataset.seen;
let version = null;

function connect() {
  if (!root || source || document.hidden) return;
  source = new EventSource(root.dataset.live);
  source.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.codes) applyChecks(message);
    else applyState(message);
  };
  // Refused for good (signed out, removed) is not tried again; a broken connection is, by the browser.
  source.onerror = () => {
    if (source?.readyState === EventSource.CLOSED) disconnect();
  };
}

function disconnect() {
  source?.close();
  source = null;
}

function applyChecks({ checks = [], signs, codes, down, counts = {}, tags = [] }) {
  const rows = new Map([...document.querySelectorAll('tr[data-check]')].map((row) => [row.dataset.check, row]));
  // The first message: has anything happened between the page and the stream?
  if (signs?.some((sign, i) => rows.has(codes[i]) && rows.get(codes[i]).dataset.v !== sign)) refresh();
  for (const check of checks) {
    const row = rows.get(check.code);
    if (!row) continue;
    row.dataset.status = check.status;
    row.dataset.v = check.sign;
    for (const [part, html] of Object.entries(check.html)) {
      const cell = row.querySelector(`[data-live-part=${part}]`);
      if (cell && cell.innerHTML !== html) cell.innerHTML = html;
    }
  }
  const existing = new Set(codes);
  for (const [code, row] of rows) if (!existing.has(code)) row.remove();
  showAlarm(down);
  showCounts(counts, tags);
}

/** The numbers in the filters above the list. */
function showCounts(counts, tags) {
  for (const chip of document.querySelectorAll('[data-status-chip]')) {
    const count = counts[chip.dataset.statusChip] ?? 0;
    chip.querySelector('b').textContent = String(count);
    chip.classList.toggle('none', count === 0);
  }
  const chips = new Map([...document.querySelectorAll('[data-tag]')].map((chip) => [chip.dataset.tag, chip]));
  for (const { tag, state, words, down } of tags) {
    const chip = chips.get(tag);
    if (!chip) continue;
    chip.className = `tag-chip tag-${state}`;
    chip.title = `${tag}: ${words}`;
    chip.querySelector('b').textContent = down > 0 ? String(down) : '';
    chip.querySelector('.visually-hidden').textContent = `, ${words}`;
  }
}

/** Title and icon of the tab. */
function showAlarm(down) {
  const { siteName, favicon, faviconAlarm } = root.dataset;
  if (!siteName) return;
  document.title = `${down > 0 ? `${down} down` : 'Checks'} – ${siteName}`;
  const icon = document.querySelector('link[rel=icon]');
  const href = down > 0 ? faviconAlarm : favicon;
  if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}

function applyState(message) {
  const first = version === null;
  const changed = first ? message.seen !== seen : message.version !== version;
  version = message.version;
  if (changed) refresh();
}

/** At most one request at a time, and one every second. */
function refresh() {
  if (pending || fetching) {
    pending ??= setTimeout(() => {
      pending = null;
      refresh();
    }, 1000);
    return;
  }
  fetching = true;
  fetch(location.href, { headers: { Accept: 'text/html' } })
    .then(async (answer) => {
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const region of document.querySelectorAll('[data-live-region]')) {
        const next = fresh.getElementById(region.id);
        if (!next || next.innerHTML === region.innerHTML) continue;
        if (region.contains(document.activeElement)) continue;
        region.replaceChildren(...next.childNodes);
        region.dispatchEvent(new CustomEvent('overdue:replaced', { bubbles: true }));
      }
      const icon = fresh.querySelector('link[rel=icon]');
      document.title = fresh.title;
      document.querySelector('link[rel=icon]').setAttribute('href', icon.getAttribute('href'));
      seen = fresh.querySelector('[data-live]')?.dataset.seen;
    })
    .catch(() => {})
    .finally(() => {
      fetching = false;
    });
}

document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
addEventListener('pagehide', disconnect);
addEventListener('pageshow', connect);
connect();
