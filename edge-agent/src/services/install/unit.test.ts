import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { renderUnit, type UnitOptions, unitName } from './unit.ts'

const run = promisify(execFile)
const options: UnitOptions = {
  node: process.execPath,
  entry: '/bin/true',
  dataDir: '/var/lib/dragonfly-edge',
  user: 'root',
  canNotify: true,
}

test('root is neither needed nor to be had', () => {
  const unit = renderUnit({ ...options, user: 'dragonfly-edge' })
  expect(unit).toContain('User=dragonfly-edge\n')
  expect(unit).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_RAW\n')
  expect(unit).toContain('CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_NET_RAW\n')
  expect(unit).toContain('StateDirectory=dragonfly-edge\n')
  expect(unit).toContain('NoNewPrivileges=yes\n')
  expect(unit).toContain('\nEnvironment=MALLOC_ARENA_MAX=2\n')
  expect(unit).toContain('\nEnvironment=MALLOC_TRIM_THRESHOLD_=131072\n')
})

test('paths are one word each, wherever they lie', () => {
  const unit = renderUnit({ ...options, node: '/home/a b/node', dataDir: '/srv/100%/edge', canNotify: false })
  expect(unit).toContain(
    'ExecStart="/home/a b/node" --max-semi-space-size=2 /bin/true run --data /srv/100%%/edge\n',
  )
  expect(unit).toContain('ReadWritePaths=/srv/100%%/edge\n')
  expect(unit).toContain('ProtectHome=read-only\n')
  expect(unit).not.toContain('Watchdog')
})

const hasSystemd = await run('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
)

test.skipIf(!hasSystemd)('systemd takes every line, and finds the exposure low', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-unit-'))
  try {
    const path = join(directory, unitName)
    await writeFile(path, renderUnit(options))
    const { stderr } = await run('systemd-analyze', ['verify', '--man=no', path]).catch((error) => error)
    expect(
      String(stderr)
        .split('\n')
        .filter((line) => line.includes(unitName)),
    ).toEqual([])
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', path])
    const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])
    // 10 is a plain service; what is left is the network, AF_NETLINK, and user `root` in this test.
    expect(exposure).toBeLessThan(3)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
