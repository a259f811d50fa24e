/** One place apt takes packages from. `signedBy` is a key file, or the lines of a key written into the source itself. */
export type AptSource = { uris: string[]; suites: string[]; signedBy?: string; trusted?: boolean }

const FALLBACK_MIRROR = 'http://deb.debian.org/debian'
const FALLBACK_SECURITY_MIRROR = 'http://deb.debian.org/debian-security'
const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Parses the one-line style of sources.list(5). Only `deb` lines count; flat repositories (suite ends in `/`) do not. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(?:\s+[^#]*)?(?:#.*)?$/.exec(line)
    if (!match) continue
    const [, options = '', uri = '', suite = ''] = match
    if (suite.endsWith('/')) continue
    const fields = Object.fromEntries(options.split(/\s+/).map((pair) => pair.split(/[+-]?=/, 2)))
    sources.push(withTrust({ uris: [uri], suites: [suite] }, fields['signed-by'], fields.trusted))
  }
  return sources
}

/** Parses the stanzas of a deb822 `.sources` file (sources.list(5)). Disabled stanzas are left out. */
export function parseDeb822Sources(text: string): AptSource[] {
  const stanzas = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
  const sources: AptSource[] = []
  for (const stanza of stanzas) {
    const fields = parseFields(stanza)
    const types = words(fields.types)
    const uris = words(fields.uris)
    const suites = words(fields.suites).filter((suite) => !suite.endsWith('/'))
    if (!types.includes('deb') || uris.length === 0 || suites.length === 0) continue
    if (/^(no|false|0)$/i.test(fields.enabled?.trim() ?? '')) continue
    sources.push(withTrust({ uris, suites }, fields['signed-by'], fields.trusted?.trim()))
  }
  return sources
}

function parseFields(stanza: string): Record<string, string> {
  const fields: Record<string, string> = {}
  let name = ''
  for (const line of stanza.split('\n')) {
    const start = /^([A-Za-z0-9-]+):(.*)$/.exec(line)
    if (start?.[1] !== undefined) {
      name = start[1].toLowerCase()
      fields[name] = (start[2] ?? '').trim()
    } else if (name !== '' && line.trim() !== '') {
      fields[name] += `\n${line}`
    }
  }
  return fields
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '')
}

function withTrust(source: AptSource, signedBy: string | undefined, trusted: string | undefined): AptSource {
  if (signedBy !== undefined && signedBy.trim() !== '') source.signedBy = signedBy
  if (trusted === 'yes') source.trusted = true
  return source
}

/**
 * The host's own mirrors for `suite`, its updates and its security fixes.
 * A suite that the host does not use comes from the same mirror as the host's Debian, by name.
 */
export function chooseSources(sources: readonly AptSource[], suite: string, hostSuite = suite): AptSource[] {
  const chosen: AptSource[] = []
  for (const source of sources) {
    for (const hostName of source.suites) {
      const suffix =
        hostName === hostSuite
          ? ''
          : hostName.startsWith(`${hostSuite}-`)
            ? hostName.slice(hostSuite.length)
            : null
      if (suffix === null || !['', '-updates', '-security'].includes(suffix)) continue
      chosen.push({ ...source, suites: [suite + suffix] })
    }
  }
  if (!chosen.some((source) => source.suites.includes(suite))) {
    chosen.push({ uris: [FALLBACK_MIRROR], suites: [suite, `${suite}-updates`] })
    chosen.push({ uris: [FALLBACK_SECURITY_MIRROR], suites: [`${suite}-security`] })
  }
  return chosen
}

/** Renders sources as one deb822 file for a private apt root. */
export function renderSources(
  sources: readonly AptSource[],
  components: readonly string[],
  hasDefaultKeyring: boolean,
): string {
  return sources
    .map((source) => {
      const signedBy = source.signedBy ?? (hasDefaultKeyring ? DEFAULT_KEYRING : undefined)
      return [
        'Types: deb',
        `URIs: ${source.uris.join(' ')}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${components.join(' ')}`,
        'Architectures: amd64',
        ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]),
        ...(source.trusted ? ['Trusted: yes'] : []),
      ].join('\n')
    })
    .join('\n\n')
    .concat('\n')
}

export const keyringPath = DEFAULT_KEYRING
