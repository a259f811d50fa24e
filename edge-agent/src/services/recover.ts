import { openWith, parseRecoveryWords } from '@dragonfly/schema/sealing'
import { sealedExportSchema } from '@dragonfly/schema/wire'

export type Recovered =
  | { kind: 'refused'; message: string }
  | { kind: 'opened'; lines: string[]; unopened: string[] }

/** Opens an export of sealed credentials with the words of the organisation's recovery key. Needs no network. */
export async function recoverCredentials(exported: string, words: string): Promise<Recovered> {
  const read = await parseRecoveryWords(words)
  if (read.kind === 'wrong') return { kind: 'refused', message: read.message }
  const parsed = sealedExportSchema.safeParse(parseJson(exported))
  if (!parsed.success)
    return {
      kind: 'refused',
      message: 'That file is not an export of sealed passwords: download it in the portal, under Settings.',
    }
  const lines: string[] = []
  const unopened: string[] = []
  for (const { siteName, machineId, machineName, address, credentials } of parsed.data.items) {
    const name = machineName ?? machineId
    const opened = await openWith(credentials, [read.key])
    const isItsOwn =
      opened.kind === 'opened' &&
      opened.credentials.machineId === machineId &&
      opened.credentials.address.toLowerCase() === address.toLowerCase()
    if (opened.kind === 'opened' && isItsOwn) {
      const { username, password, kg } = opened.credentials
      lines.push([siteName, name, address, username, password, ...(kg ? [kg] : [])].join('\t'))
    } else unopened.push(`${siteName}, ${name} (${address})`)
  }
  return { kind: 'opened', lines, unopened }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
