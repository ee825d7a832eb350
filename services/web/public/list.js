// The list of checks filters as one types; the address keeps what was typed.

const input = document.querySelector('[data-search]');
const table = document.querySelector('[data-checks]');
const noMatch = document.querySelector('[data-no-match]');

if (input && table) {
  const initial = input.value.trim();
  // Rows that the server left out for another word are not here: those need the server again.
  let complete = initial === '';
  input.addEventListener('input', () => {
    const text = input.value.trim().toLowerCase();
    if (!complete && !text.startsWith(initial.toLowerCase())) {
      complete = true;
      input.form.requestSubmit();
      return;
    }
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.dataset.searchText.includes(text);
      if (!row.hidden) shown++;
    }
    table.hidden = shown === 0;
    noMatch.hidden = shown > 0;
    const url = new URL(location.href);
    if (text) url.searchParams.set('search', input.value.trim());
    else url.searchParams.delete('search');
    history.replaceState(null, '', url);
  });
}
