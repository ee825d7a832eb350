/** A check's tags, as stored in one text: the parts between spaces, trimmed, without empty ones (management-api.md M-29). */
export function tagList(tags: string): string[] {
  return tags
    .split(' ')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
