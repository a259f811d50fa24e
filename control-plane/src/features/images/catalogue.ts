import type { ImageView } from '@dragonfly/schema/api'
import { type CatalogueImage, imageCatalogue } from '@dragonfly/schema/state'
import type { Deps } from '../../deps.ts'
import { AppError, notFound } from '../../errors.ts'
import type { ReadWebText } from '../../web-text.ts'
import { createImage } from './service.ts'

const mostRedirects = 3
/** Debian's: a date, and a number. */
const builds = /href="(?:\.\/)?(\d{8}-\d{1,6})\/"/g

/** Adds an image by its name in the catalogue: the newest build, with the checksum that its vendor publishes. */
export async function importFromCatalogue(deps: Deps, catalogueId: string): Promise<ImageView> {
  const entry = imageCatalogue.find(({ id }) => id === catalogueId)
  if (!entry) throw notFound('image in the catalogue')
  const { url, value } = await findNewestBuild(deps.readWebText, entry)
  return createImage(deps, { name: entry.name, url, checksum: { algorithm: 'sha512', value } })
}

/**
 * A dated build, because what "latest" points at changes: an edge that imports it next month has to get the same bytes.
 * The vendor is believed by its TLS certificate; the bytes then by this checksum.
 */
async function findNewestBuild(
  readText: ReadWebText,
  entry: CatalogueImage,
): Promise<{ url: string; value: string }> {
  const listing = await readFollowing(readText, entry.folder)
  if (listing.kind === 'unreachable') throw unavailable(entry, 'can’t be reached from this server')
  const listed =
    listing.kind === 'text' ? [...listing.text.matchAll(builds)].map((match) => match[1] ?? '') : []
  const build = listed.sort().at(-1) ?? entry.knownBuild
  const file = entry.fileOf(build)
  const sums = await readFollowing(readText, `${entry.folder}${build}/${entry.checksums}`)
  if (sums.kind === 'unreachable') throw unavailable(entry, 'can’t be reached from this server')
  if (sums.kind === 'too-large') throw unavailable(entry, 'answered with far too much text')
  if (sums.kind === 'status') throw unavailable(entry, `answered with HTTP status ${sums.status}`)
  const value = sums.text
    .split('\n')
    .map((line) => line.trim().split(/\s+\*?/))
    .find((words) => words[1] === file)?.[0]
    ?.toLowerCase()
  if (!value || !/^[0-9a-f]{128}$/.test(value)) throw unavailable(entry, `lists no checksum of ${file}`)
  return { url: `${entry.folder}${build}/${file}`, value }
}

/** Vendors send to their mirrors; only over https. */
async function readFollowing(readText: ReadWebText, first: string) {
  let url = first
  for (let redirects = 0; ; redirects++) {
    const answer = await readText(url)
    const next = answer.kind === 'status' ? answer.location : undefined
    if (next === undefined || redirects >= mostRedirects || !URL.canParse(next, url)) return answer
    const target = new URL(next, url)
    if (target.protocol !== 'https:') return answer
    url = target.href
  }
}

function unavailable({ folder }: CatalogueImage, what: string): AppError {
  return new AppError({
    code: 'catalogue-unavailable',
    status: 503,
    message: `${new URL(folder).host} ${what}. Import the image by its address and checksum instead, from a server that your edges reach.`,
  })
}
