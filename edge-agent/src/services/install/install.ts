import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { loadLinuxCalls } from '../../io/linux-calls.ts'
import { renderUnit, type UnitOptions, unitName, unitPath } from './unit.ts'

const run = promisify(execFile)

/** One thing that is done, in words and in deed. */
interface Step {
  text: string
  perform: () => Promise<unknown>
}

export interface InstallOptions {
  dataDir: string
  user: string
  dryRun: boolean
  /** What is started: bin/dragonfly-edge.cjs. */
  entry: string
  say: (text: string) => void
  complain: (text: string) => void
}

/** `dragonfly-edge install`: a service that starts with the host. Gives the exit code. */
export async function installService(options: InstallOptions): Promise<number> {
  const { dataDir, user, dryRun, say } = options
  const unit: UnitOptions = {
    node: process.execPath,
    entry: resolve(options.entry),
    dataDir: resolve(dataDir),
    user,
    canNotify: (await loadLinuxCalls()) !== undefined,
  }
  const refusal = await findObstacle(unit, dryRun)
  if (refusal) {
    options.complain(`dragonfly-edge: ${refusal}`)
    return 1
  }
  const text = renderUnit(unit)
  if (dryRun) say(`${unitPath}:\n\n${text}`)
  await carryOut(await planInstall(unit, text), options)
  if (dryRun) return 0
  const hasJoined = existsSync(`${unit.dataDir}/edge.db`)
  say(
    hasJoined
      ? `It runs. Look at it: systemctl status ${unitName}; journalctl -u ${unitName}; dragonfly-edge doctor --data ${unit.dataDir}`
      : `Now join, then start it: sudo -u ${user} ${unit.node} ${unit.entry} join URL TOKEN --data ${unit.dataDir} && sudo systemctl start ${unitName}`,
  )
  return 0
}

/** `dragonfly-edge uninstall`: the service goes, the data stays. Gives the exit code. */
export async function uninstallService(
  options: Pick<InstallOptions, 'dryRun' | 'say' | 'complain'>,
): Promise<number> {
  const refusal = options.dryRun ? null : whyNotSystemd()
  if (refusal) {
    options.complain(`dragonfly-edge: ${refusal}`)
    return 1
  }
  await carryOut(
    [
      command(
        'Stop the service, and do not start it with the host',
        'systemctl',
        'disable',
        '--now',
        unitName,
      ),
      command('End what is left of it', 'systemctl', 'kill', '--kill-whom=all', unitName),
      { text: `Remove ${unitPath}`, perform: () => rm(unitPath, { force: true }) },
      command('Let systemd forget it', 'systemctl', 'daemon-reload'),
    ],
    options,
    'go on',
  )
  options.say('The data stays, and so does the user: remove them by hand if nobody needs them.')
  return 0
}

async function planInstall(unit: UnitOptions, text: string): Promise<Step[]> {
  const { user, dataDir } = unit
  const hasUser = await run('getent', ['passwd', user]).then(
    () => true,
    () => false,
  )
  const hasJoined = existsSync(`${dataDir}/edge.db`)
  return [
    ...(hasUser
      ? []
      : [
          command(
            `Add the user ${user}, which can’t sign in`,
            'useradd',
            '--system',
            '--user-group',
            '--home-dir',
            dataDir,
            '--no-create-home',
            '--shell',
            '/usr/sbin/nologin',
            user,
          ),
        ]),
    { text: `Make ${dataDir} for it`, perform: () => mkdir(dataDir, { recursive: true, mode: 0o700 }) },
    command(`Give it what is in there`, 'chown', '-R', `${user}:${user}`, dataDir),
    { text: `Write ${unitPath}`, perform: () => writeFile(unitPath, text, { mode: 0o644 }) },
    command('Let systemd read it', 'systemctl', 'daemon-reload'),
    hasJoined
      ? command('Start it now, and with the host', 'systemctl', 'enable', '--now', unitName)
      : command('Start it with the host', 'systemctl', 'enable', unitName),
  ]
}

function command(text: string, name: string, ...args: string[]): Step {
  return { text: `${text}: ${[name, ...args].join(' ')}`, perform: () => run(name, args) }
}

/** Says each step before it is taken. */
async function carryOut(
  steps: readonly Step[],
  { dryRun, say }: Pick<InstallOptions, 'dryRun' | 'say'>,
  onFailure: 'stop' | 'go on' = 'stop',
): Promise<void> {
  for (const { text, perform } of steps) {
    say(`${dryRun ? 'Would: ' : ''}${text}`)
    if (dryRun) continue
    await perform().catch((error: Error) => {
      if (onFailure === 'stop') throw error
      say(`  (${error.message.trim().split('\n').at(-1)})`)
    })
  }
}

async function findObstacle(unit: UnitOptions, dryRun: boolean): Promise<string | null> {
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(unit.user)) return `“${unit.user}” is no name for a system user.`
  if (!dryRun) {
    const why = whyNotSystemd()
    if (why) return why
  }
  for (const path of [unit.node, unit.entry]) {
    const closed = await findClosed(path)
    if (closed)
      return `${path} is what the service would run, but ${closed} is closed to other users: install Node and dragonfly-edge for the whole system (npm install -g dragonfly-edge).`
  }
  return null
}

function whyNotSystemd(): string | null {
  if (process.getuid?.() !== 0) return 'this takes root: sudo dragonfly-edge install (try --dry-run first).'
  if (!existsSync('/run/systemd/system'))
    return 'this host is not run by systemd: start "dragonfly-edge run" by what starts services here.'
  return null
}

/** The first folder or file on the way that not everybody may enter or read. */
async function findClosed(path: string): Promise<string | null> {
  const found = await stat(path)
  if ((found.mode & (found.isDirectory() ? 0o001 : 0o004)) === 0) return path
  return path === '/' ? null : findClosed(dirname(path))
}
