import { parseArgs } from 'node:util'

export type Command =
  | { kind: 'join'; url: string; token: string; dataDir: string; force: boolean }
  /** `imageServers`: what ramdisks are sent to for images; this edge's own image server when empty. */
  | { kind: 'run'; dataDir: string; imageServers: string[] }
  | { kind: 'leave'; dataDir: string; force: boolean }
  | { kind: 'rotate-sealing-key'; dataDir: string }
  | { kind: 'recover'; file: string }
  | { kind: 'status'; dataDir: string; json: boolean }
  | { kind: 'dhcp'; json: boolean }
  /** `url`: a control plane to look for, before join. */
  | { kind: 'doctor'; dataDir: string; url: string | null; json: boolean }
  /** `from`: a tarball; else from the control plane, `to` a version or to what it holds. */
  | { kind: 'update'; dataDir: string; to: string | null; from: string | null }
  | { kind: 'install'; dataDir: string; user: string; dryRun: boolean }
  | { kind: 'uninstall'; dryRun: boolean }
  | { kind: 'help' }
  | { kind: 'version' }
  /** One line for stderr; exit code 2. */
  | { kind: 'misuse'; message: string }

export const helpText = `dragonfly-edge: boots, images and watches over the machines of one LAN.

  dragonfly-edge join URL TOKEN   enrol this machine at a site (the portal shows both)
  dragonfly-edge run              serve the site; stays in the foreground
  dragonfly-edge status           what this edge is and does
  dragonfly-edge doctor [URL]     what is wrong on this host, its LANs and the way to the control plane, and what helps
                                  (exit code 0: nothing; 1: warnings; 2: something does not work)
  dragonfly-edge dhcp             who hands out addresses on this host's LANs (listens for some seconds)
  dragonfly-edge update           go to the version that the control plane holds; back, if it does not come up
  dragonfly-edge install          make it a service of systemd, without root: says each step; --dry-run takes none
  dragonfly-edge uninstall        undo install; the data stays
  dragonfly-edge leave            undo join: leave the site, and forget its keys
  dragonfly-edge rotate-sealing-key
                                  make a new key for the passwords of BMCs; the old one opens what it did
  dragonfly-edge recover FILE     open exported passwords, offline: asks for the 24 words of the recovery key

  --data DIR    where it keeps its key, its state and its images
                (default: $DRAGONFLY_EDGE_DATA, else /var/lib/dragonfly-edge for root, else ~/.dragonfly-edge)
  --force       join: leave the site joined before; leave: also when the control plane can’t be told
  --to VERSION  update: only to this version
  --from FILE   update: from a tarball that needs no registry (…-linux-x64.tgz)
  --dry-run     install, uninstall: say what would be done
  --user NAME   install: whom the service runs as (default: dragonfly-edge, made if missing)
  --json        status, doctor, dhcp: for programs
  --help, --version

  DRAGONFLY_EDGE_IMAGE_SERVERS   run: a cache in front of this edge's image server (TCP 6871), which machines fetch
                                 images from instead: http://ADDRESS:PORT, several separated by commas
  DRAGONFLY_EDGE_LOCAL_IMAGES    run: "allow" lets images come from this host itself and from link-local addresses`

/** Reads a command line (without node and script). */
export function parseCommand(
  argv: readonly string[],
  host: { env: Record<string, string | undefined>; isRoot: boolean; home: string },
): Command {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    return misuse((error as Error).message.split('\n')[0] ?? 'That can’t be read.')
  }
  const { values, positionals } = parsed
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const dataDir =
    values.data ??
    host.env.DRAGONFLY_EDGE_DATA ??
    (host.isRoot ? '/var/lib/dragonfly-edge' : `${host.home}/.dragonfly-edge`)
  if (dataDir === '') return misuse('--data wants a directory.')
  const [name, ...rest] = positionals
  if (name === undefined) return { kind: 'help' }
  if (name === 'join') return parseJoin(rest, dataDir, values.force ?? false)
  if (name === 'recover') {
    const [file, ...more] = rest
    if (!file || more.length > 0) return misuse('recover wants the file that the portal exported.')
    return { kind: 'recover', file }
  }
  if (name === 'doctor') return parseDoctor(rest, dataDir, values.json ?? false)
  if (!commandNames.includes(name)) return misuse(`There is no command “${name}”.`)
  if (rest.length > 0) return misuse(`“${name}” takes no “${rest[0]}”.`)
  if (name === 'status') return { kind: 'status', dataDir, json: values.json ?? false }
  if (name === 'dhcp') return { kind: 'dhcp', json: values.json ?? false }
  if (name === 'install')
    return {
      kind: 'install',
      // A service has no home, and its user is not the one who asks.
      dataDir: values.data ?? host.env.DRAGONFLY_EDGE_DATA ?? '/var/lib/dragonfly-edge',
      user: values.user ?? 'dragonfly-edge',
      dryRun: values['dry-run'] ?? false,
    }
  if (name === 'update') return { kind: 'update', dataDir, to: values.to ?? null, from: values.from ?? null }
  if (name === 'uninstall') return { kind: 'uninstall', dryRun: values['dry-run'] ?? false }
  if (name === 'leave') return { kind: 'leave', dataDir, force: values.force ?? false }
  if (name === 'rotate-sealing-key') return { kind: 'rotate-sealing-key', dataDir }
  const imageServers = parseImageServers(host.env.DRAGONFLY_EDGE_IMAGE_SERVERS ?? '')
  return typeof imageServers === 'string' ? misuse(imageServers) : { kind: 'run', dataDir, imageServers }
}

const commandNames = [
  'run',
  'status',
  'dhcp',
  'update',
  'install',
  'uninstall',
  'leave',
  'rotate-sealing-key',
]

const mostImageServers = 8
const longestImageServer = 200

/** Reads a list of addresses without trailing slashes, or says in a sentence what is wrong with it. */
function parseImageServers(text: string): string[] | string {
  const named = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const wrong = named.find((entry) => !isImageServer(entry))
  if (wrong !== undefined)
    return `DRAGONFLY_EDGE_IMAGE_SERVERS: “${wrong}” is not an address like http://10.0.0.5:6871.`
  if (named.length > mostImageServers)
    return `DRAGONFLY_EDGE_IMAGE_SERVERS names ${named.length} image servers: at most ${mostImageServers}.`
  return named.map((entry) => entry.replace(/\/+$/, ''))
}

/** Ramdisks speak plain HTTP to image servers: every byte is checked by its hash, and none is a secret. */
function isImageServer(text: string): boolean {
  if (text.length > longestImageServer || !URL.canParse(text)) return false
  const { protocol, hostname, search, hash, username } = new URL(text)
  return protocol === 'http:' && hostname !== '' && !search && !hash && !username
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      force: { type: 'boolean' },
      json: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      user: { type: 'string' },
      to: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
}

function parseJoin(rest: string[], dataDir: string, force: boolean): Command {
  const [url, token, ...more] = rest
  if (!url || !token || more.length > 0)
    return misuse('join wants a URL and a token, as the portal shows them.')
  const base = parseControlPlaneUrl(url)
  if (base === null) return misuseOfUrl(url)
  if (token.length < 16 || token.length > 200 || /\s/.test(token))
    return misuse('That is not a join token: copy it whole from the portal.')
  return { kind: 'join', url: base, token, dataDir, force }
}

function parseDoctor([url, ...more]: string[], dataDir: string, json: boolean): Command {
  if (more.length > 0) return misuse(`“doctor” takes no “${more[0]}”.`)
  if (url === undefined) return { kind: 'doctor', dataDir, url: null, json }
  const base = parseControlPlaneUrl(url)
  return base === null ? misuseOfUrl(url) : { kind: 'doctor', dataDir, url: base, json }
}

/** Without a slash at its end. */
function parseControlPlaneUrl(text: string): string | null {
  const base = URL.canParse(text) ? new URL(text) : null
  if (!base || !/^https?:$/.test(base.protocol) || base.search || base.hash || base.username) return null
  return `${base.origin}${base.pathname}`.replace(/\/+$/, '')
}

function misuseOfUrl(url: string): Command {
  return misuse(`“${url}” is not the address of a control plane: it starts with https:// (or http://).`)
}

function misuse(message: string): Command {
  return { kind: 'misuse', message: `dragonfly-edge: ${message} Try dragonfly-edge --help.` }
}
