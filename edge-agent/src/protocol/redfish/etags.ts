/**
 * What to send as If-Match, one after the other, as long as the BMC answers 412 or 428: firmware differs in whether it
 * takes weak tags, tags without quotes, or `*`. Null: no such header.
 */
export function ifMatchLadder(etag: string | null): readonly (string | null)[] {
  const tag = etag?.trim() ?? ''
  if (tag === '' || tag === 'W/""' || tag === '""') return [null, '*']
  const strong = tag.replace(/^W\//, '')
  return [...new Set([tag, strong, strong.replaceAll('"', ''), null, '*'])]
}
