export interface IpxeHost {
  /** Values of `${name}`. */
  settings: Readonly<Record<string, string>>
  /** False when it could not be had. */
  fetchFile: (url: string) => Promise<boolean>
  sleep: (ms: number) => Promise<void>
}

/** How a script ended. `chain` is to be fetched, and run as what it is. */
export type IpxeOutcome =
  | { kind: 'boot'; kernelArguments: string[] }
  | { kind: 'chain'; url: string }
  | { kind: 'own-disk' }
  | { kind: 'exit' }

const mostSteps = 1000

/** Runs the part of iPXE's script language that a boot service needs: labels, goto, `||`, and the commands below. */
export async function runIpxeScript(text: string, host: IpxeHost): Promise<IpxeOutcome> {
  const lines = text.split('\n').map((line) => line.trim())
  if (lines[0] !== '#!ipxe') throw new Error('The answer is no iPXE script.')
  let kernelArguments: string[] = []
  for (let at = 1, steps = 0; at < lines.length && steps < mostSteps; at++, steps++) {
    const { words, orElse } = parseLine(lines[at] ?? '', host.settings)
    const [command = '', ...args] = words
    if (command === 'kernel') kernelArguments = argumentsOf(args)
    const ran = await runCommand(command, args, host)
    if (typeof ran === 'object') return ran.kind === 'boot' ? { ...ran, kernelArguments } : ran
    if (ran) continue
    if (orElse === null) return { kind: 'exit' }
    if (orElse[0] === 'goto') at = lines.indexOf(`:${orElse[1]}`)
    if (at < 0) throw new Error(`The script has no label ${orElse[1]}.`)
  }
  return { kind: 'exit' }
}

function parseLine(line: string, settings: IpxeHost['settings']) {
  if (line.startsWith(':') || line.startsWith('#') || line === '') return { words: [], orElse: null }
  const expanded = line.replace(/\$\{([^}]+)\}/g, (_, name: string) => settings[name] ?? '')
  const words = expanded.split(/\s+/).filter((word) => word !== '')
  const split = words.indexOf('||')
  return split < 0
    ? { words, orElse: null }
    : { words: words.slice(0, split), orElse: words.slice(split + 1) }
}

/** What stands behind the URL. */
function argumentsOf(args: readonly string[]): string[] {
  return args.slice(args.findIndex((word) => word.startsWith('http://')) + 1)
}

const urlOf = (args: readonly string[]): string => args.find((word) => word.startsWith('http://')) ?? ''

/** Whether a command succeeded, or how it ended the script. */
async function runCommand(
  command: string,
  args: readonly string[],
  host: IpxeHost,
): Promise<boolean | { kind: 'boot' } | Exclude<IpxeOutcome, { kind: 'boot' }>> {
  switch (command) {
    case 'iseq':
      return args.length === 2 && args[0] === args[1]
    case 'kernel':
    case 'initrd':
      return host.fetchFile(urlOf(args))
    case 'boot':
      return { kind: 'boot' }
    case 'sleep':
      await host.sleep(Number(args[0]) * 1000)
      return true
    case 'chain':
      return { kind: 'chain', url: urlOf(args) }
    case 'sanboot':
      return { kind: 'own-disk' }
    case 'exit':
      return { kind: 'exit' }
    default:
      return true
  }
}
