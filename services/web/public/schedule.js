// The schedule form says, as one types, what it means, when pings are due, and what is wrong at which field.

const form = document.querySelector('[data-schedule]')?.closest('form');
const box = document.querySelector('[data-preview]');
const base = new URL(document.querySelector('.brand').href).pathname;
const FIELDS = [
  'kind',
  'timeout_value',
  'timeout_unit',
  'schedule_cron',
  'schedule_oncalendar',
  'tz',
  'grace_value',
  'grace_unit',
];
// What was not touched is not complained about.
const touched = new Set();

let last = '';
let sequence = 0;
let timer;

async function update() {
  const query = new URLSearchParams(FIELDS.map((name) => [name, form.elements[name].value])).toString();
  if (query === last) return;
  last = query;
  const mine = ++sequence;
  try {
    const answer = await fetch(`${base}checks/schedule_preview/?${query}`, { headers: { Accept: 'application/json' } });
    const result = await answer.json();
    // An answer that was overtaken by a later one is old news.
    if (mine !== sequence || !answer.ok) return;
    box.innerHTML = result.html;
    for (const name of FIELDS) if (touched.has(name)) showError(name, result.errors?.[name]);
  } catch {
    last = '';
  }
}

/** As src/ui/components/fields.tsx renders it. */
function showError(name, message) {
  const input = document.getElementById(`f-${name}`);
  const field = input?.closest('.field');
  if (!field) return;
  let line = document.getElementById(`e-${name}`);
  field.classList.toggle('has-error', Boolean(message));
  const described = (input.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id && id !== `e-${name}`);
  if (!message) {
    line?.remove();
    input.removeAttribute('aria-invalid');
  } else {
    if (!line) {
      line = document.createElement('p');
      line.className = 'field-error';
      line.id = `e-${name}`;
      (input.closest('.joined') ?? input).after(line);
    }
    line.textContent = message;
    input.setAttribute('aria-invalid', 'true');
    described.unshift(line.id);
  }
  if (described.length > 0) input.setAttribute('aria-describedby', described.join(' '));
}

if (form && box) {
  form.addEventListener('input', (event) => {
    touched.add(event.target.name);
    clearTimeout(timer);
    timer = setTimeout(update, 150);
  });
}
