import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { smallHeapEnv, withSmallHeap } from '../io/small-heap.ts'

/** Told to the process that comes of it, so that it does not do it again. */
const mark = 'DRAGONFLY_EDGE_CONFINED'
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))

/**
 * Started as root by hand: goes on, as the same process, with no more than the privileges that the edge uses. Bounding
 * set and no-new-privs hold for children and for every thread, which is why it takes another exec. Does nothing as
 * another user, or the second time; says so where setpriv (util-linux) is missing.
 */
export async function giveUpPrivileges(dataDir: string, complain: (text: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || process.env[mark]) return
  if (!setpriv || !process.execve) {
    complain('It keeps all privileges of root: setpriv (util-linux) is missing.')
    return
  }
  const kept = ['net_bind_service', 'net_raw']
  const own = [dataDir, process.argv[1] ?? '']
  const isOurs = (await Promise.all(own.map((path) => belongsToRoot(resolve(path))))).every(Boolean)
  // Without them root is a stranger in other people's folders.
  if (!isOurs) kept.push('dac_override', 'dac_read_search', 'fowner')
  const bounding = ['-all', ...kept.map((name) => `+${name}`)].join(',')
  const limits = ['--no-new-privs', '--inh-caps=-all', `--bounding-set=${bounding}`]
  const program = [process.execPath, ...withSmallHeap(process.execArgv, 2), ...process.argv.slice(1)]
  const env = { ...process.env, ...smallHeapEnv, [mark]: '1' }
  process.execve(setpriv, ['setpriv', ...limits, '--', ...program], env)
}

/** Every folder on the way, as far as they are there. */
async function belongsToRoot(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (found && found.uid !== 0) return false
  return path === '/' || belongsToRoot(dirname(path))
}
