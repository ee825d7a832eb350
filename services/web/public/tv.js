// The board: tiles of all checks that the read-only keys behind the # of the address may see. Says so when it is not
// up to date: a wall that shows yesterday's green is worse than none.

const PERIOD = 5000;
const PATIENCE = 4000;
const root = document.querySelector('[data-tv]');
const place = root.querySelector('[data-tv-projects]');
const trouble = root.querySelector('[data-tv-trouble]');
const help = root.querySelector('[data-tv-help]');
const WORDS = { up: 'Up', grace: 'Late', down: 'Down', new: 'New', paused: 'Paused' };
// What needs somebody first; the rest by name.
const URGENT = ['down', 'grace'];
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

let projects = [];
let timer;
let freshAt = null;

function readAddress() {
  projects = [];
  for (const pair of location.hash.slice(1).split('&')) {
    const cut = pair.indexOf('=');
    const [key, value] = cut < 0 ? [pair, ''] : [pair.slice(0, cut), pair.slice(cut + 1)];
    if (key === 'theme') document.documentElement.dataset.theme = value === 'dark' ? 'dark' : 'light';
    else if (key) projects.push({ key, title: decode(value.replaceAll('+', ' ')), checks: null });
  }
  help.hidden = projects.length > 0;
  freshAt = null;
  void look();
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function look() {
  clearTimeout(timer);
  if (projects.length === 0) return place.replaceChildren();
  const problems = (await Promise.all(projects.map(fetchChecks))).filter(Boolean);
  if (problems.length === 0) freshAt = new Date();
  place.replaceChildren(...projects.filter((project) => project.checks).map(section));
  const since = freshAt ? ` What you see is of ${freshAt.toLocaleTimeString()}.` : '';
  const words = problems.length > 0 ? `${[...new Set(problems)].join(' ')}${since}` : '';
  if (trouble.textContent !== words) trouble.textContent = words;
  trouble.hidden = problems.length === 0;
  showAlarm();
  timer = setTimeout(look, PERIOD);
}

/** Null, or what went wrong. */
async function fetchChecks(project) {
  const name = project.title || 'One project';
  try {
    const answer = await fetch(root.dataset.tv, {
      headers: { 'X-Api-Key': project.key },
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 401) {
      project.checks = null;
      return `${name}: the key is not valid.`;
    }
    if (!answer.ok) return `${name}: the server answers ${answer.status}.`;
    project.checks = (await answer.json()).checks;
    return null;
  } catch {
    return 'The server does not answer.';
  }
}

function section({ title, checks }) {
  const box = element('section', 'tv-project');
  if (title) box.append(element('h2', '', title));
  const sorted = [...checks].sort((a, b) => urgency(b) - urgency(a) || collator.compare(a.name, b.name));
  const list = element('ul', 'tv-tiles');
  list.append(...sorted.map(tile));
  box.append(list);
  if (checks.length === 0) box.append(element('p', 'muted', 'No checks.'));
  return box;
}

function urgency({ status }) {
  return URGENT.includes(status) ? URGENT.length - URGENT.indexOf(status) : 0;
}

function tile(check) {
  const item = element('li', `tv-tile tv-${check.status}`);
  const name = element('strong', '', check.name || 'unnamed');
  name.dir = 'auto';
  const foot = element('span', 'tv-foot');
  foot.append(element('span', '', check.last_ping ? ago(check.last_ping) : 'never'));
  const right = check.started ? 'running' : check.last_duration != null ? seconds(check.last_duration) : '';
  foot.append(element('span', '', right));
  item.append(element('span', 'tv-status', WORDS[check.status] ?? check.status), name, foot);
  return item;
}

function element(name, className, text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function ago(instant) {
  const past = Math.max(0, (Date.now() - Date.parse(instant)) / 1000);
  return `${seconds(past)} ago`;
}

/** @type {[string, number][]} */
const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
];

function seconds(count) {
  for (const [unit, size] of UNITS) {
    if (count >= size) return `${Math.floor(count / size)} ${unit}`;
  }
  return `${Math.floor(count)} s`;
}

function showAlarm() {
  const down = projects.flatMap((project) => project.checks ?? []).filter((check) => check.status === 'down').length;
  document.title = document.title.replace(/^(\d+ down|Board)/, down > 0 ? `${down} down` : 'Board');
}

addEventListener('hashchange', readAddress);
readAddress();
