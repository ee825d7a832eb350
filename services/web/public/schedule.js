// The schedule form says, as one types, what an expression means and when it comes next.

const form = document.querySelector('[data-schedule]')?.closest('form');
const box = document.querySelector('[data-preview]');
const base = new URL(document.querySelector('.brand').href).pathname;

let last = '';
let sequence = 0;
let timer;

function kind() {
  return form.elements.kind.value;
}

async function update() {
  const chosen = kind();
  if (chosen === 'simple') return;
  const schedule = form.elements[`schedule_${chosen}`].value;
  const tz = form.elements.tz.value;
  const key = JSON.stringify([chosen, schedule, tz]);
  if (key === last || schedule.trim() === '') return;
  last = key;
  const mine = ++sequence;
  try {
    const answer = await fetch(`${base}checks/${chosen}_preview/`, {
      method: 'POST',
      body: new URLSearchParams({ schedule, tz, _csrf: form.elements._csrf.value }),
    });
    // An answer that was overtaken by a later one is old news.
    if (mine === sequence && answer.ok) box.innerHTML = await answer.text();
  } catch {
    last = '';
  }
}

if (form && box) {
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(update, 150);
  });
  update();
}
