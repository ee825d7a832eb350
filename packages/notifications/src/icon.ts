/** A plain tile with one or two letters: for services whose logos are not ours to draw. */
export function tile(letters: string, colour: string): string {
  const size = letters.length > 1 ? 10 : 13;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><rect width="24" height="24" rx="5" fill="${colour}"/><text x="12" y="12.5" fill="#fff" font-family="system-ui,sans-serif" font-size="${size}" font-weight="700" text-anchor="middle" dominant-baseline="central">${letters}</text></svg>`;
}
