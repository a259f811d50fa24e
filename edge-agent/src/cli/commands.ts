import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { version } from '../services/version.ts'
import { type Command, helpText } from './arguments.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

/** Carries a command out; gives the exit code. */
export async function execute(command: Command): Promise<number> {
  try {
    switch (command.kind) {
      case 'misuse':
        complain(command.message)
        return 2
      case 'help':
        say(helpText)
        return 0
      case 'version':
        say(version)
        return 0
      case 'join':
        return await executeJoin(command)
      case 'recover':
        return await executeRecover(command.file)
      case 'leave':
        return await executeLeave(command)
      case 'rotate-sealing-key':
        return await executeRotate(command.dataDir)
      case 'status':
        return await (await import('../services/status.ts')).printStatus(command.dataDir, command.json, say)
      case 'doctor':
        return await (await import('../services/doctor/doctor.ts')).printExamination(command, say)
      case 'update':
        return await (await import('../services/update/command.ts')).updateEdge(command, say, complain)
      case 'install': {
        const { installService } = await import('../services/install/install.ts')
        return await installService({ ...command, entry: process.argv[1] ?? '', say, complain })
      }
      case 'uninstall': {
        const { uninstallService } = await import('../services/install/install.ts')
        return await uninstallService({ ...command, say, complain })
      }
      case 'dhcp':
        return await (await import('../services/find-dhcp.ts')).printDhcpServers(command.json, say)
      case 'run':
        return await (await import('../services/run.ts')).runEdge({ ...command, complain })
    }
  } catch (error) {
    complain(`dragonfly-edge: ${explain(error)}`)
    return 1
  }
}

async function executeJoin(command: Extract<Command, { kind: 'join' }>): Promise<number> {
  const { joinSite } = await import('../services/join.ts')
  const { askRunningEdge } = await import('../services/status.ts')
  const { hostname, protocol } = new URL(command.url)
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
    complain(
      'Mind: over plain http nobody can tell whether this is your control plane. Use https where you can.',
    )
  if (await askRunningEdge(command.dataDir)) {
    complain('dragonfly-edge: it is running on this data directory. Stop it first, then join.')
    return 1
  }
  const result = await joinSite(command, Date.now)
  if (result.kind === 'refused') {
    complain(`dragonfly-edge: ${result.message}`)
    return 1
  }
  say(`Key fingerprint (SHA-256): ${result.fingerprint}`)
  say(`Enrolled at site ${result.siteName} of ${result.url}. Now: dragonfly-edge run`)
  return 0
}

async function executeLeave(command: Extract<Command, { kind: 'leave' }>): Promise<number> {
  const { leaveSite } = await import('../services/leave.ts')
  const { askRunningEdge } = await import('../services/status.ts')
  if (await askRunningEdge(command.dataDir)) {
    complain('dragonfly-edge: it is running on this data directory. Stop it first, then leave.')
    return 1
  }
  const result = await leaveSite(command, Date.now)
  if (result.kind === 'refused') {
    complain(`dragonfly-edge: ${result.message}`)
    return 1
  }
  say(`Left site ${result.siteName} of ${result.url}. Images stay in ${command.dataDir} until you delete it.`)
  if (!result.told) say('The control plane does not know yet: revoke this edge in the portal.')
  return 0
}

async function executeRecover(file: string): Promise<number> {
  const exported = await readFile(file, 'utf8')
  if (process.stdin.isTTY) complain('The 24 words of the recovery key, then Ctrl-D:')
  const result = await (await import('../services/recover.ts')).recoverCredentials(
    exported,
    await text(process.stdin),
  )
  if (result.kind === 'refused') {
    complain(`dragonfly-edge: ${result.message}`)
    return 1
  }
  for (const line of result.lines) say(line)
  for (const name of result.unopened) complain(`Not sealed to this recovery key: ${name}`)
  return result.unopened.length > 0 ? 1 : 0
}

async function executeRotate(dataDir: string): Promise<number> {
  const { rotateSealingKey } = await import('../services/rotate.ts')
  const { askRunningEdge } = await import('../services/status.ts')
  if (await askRunningEdge(dataDir)) {
    complain('dragonfly-edge: it is running on this data directory. Stop it, rotate, and start it again.')
    return 1
  }
  const rotated = await rotateSealingKey(dataDir, Date.now())
  if (!rotated) {
    complain('dragonfly-edge: this edge has not joined a site yet. First: dragonfly-edge join URL TOKEN')
    return 1
  }
  say(`A new sealing key; ${rotated.previous} older ones still open what was sealed to them.`)
  say('Start the edge. Then share the BMC passwords with its new key in the portal, at the edge.')
  return 0
}

function explain(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM')
    return `${path ?? 'The data directory'} can’t be used by this user: run as root, or choose another with --data.`
  if (code === 'ENOSPC') return 'The disk is full: free some space, or choose another directory with --data.'
  return message
}
