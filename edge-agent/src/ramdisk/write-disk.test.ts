import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Disk } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { readBootRecord, writeBootRecord } from './boot-record.ts'
import { systemClock } from './clock.ts'
import { createLog } from './log.ts'
import type { OrderFrame } from './order.ts'
import { runCommand } from './run-command.ts'
import { performOrder } from './work.ts'
import { throttle } from './write-disk.ts'

test('progress comes four times a second, and the end always', () => {
  let now = 0
  const reported: number[] = []
  const report = throttle({ now: () => now }, 100, (bytesDone) => reported.push(bytesDone))
  for (const [at, bytesDone] of [
    [0, 1],
    [249, 2],
    [250, 3],
    [260, 4],
    [270, 100],
  ] as const) {
    now = at
    report(bytesDone)
  }
  expect(reported).toEqual([1, 3, 100])
})

const disk: Disk = {
  name: 'sda',
  model: null,
  serial: 'S1',
  wwn: null,
  sizeBytes: 1_000_000,
  logicalBlockBytes: 512,
  rotational: false,
  transport: 'sata',
  removable: false,
  wearPercent: null,
  healthy: null,
  os: null,
  signature: null,
}

function perform(actions: OrderFrame['plan']['actions'], disks: Disk[]) {
  const commands: string[] = []
  const outcome = performOrder(
    {
      type: 'order',
      orderId: 'o',
      deploymentId: 'd',
      epoch: 1,
      plan: { format: 1, phonesHome: false, actions },
      imageServers: ['http://127.0.0.1:1'],
    },
    new AbortController().signal,
    {
      run: async (command) => {
        commands.push(command.join(' '))
        return { code: 0, stdout: '', stderr: '' }
      },
      clock: systemClock,
      log: createLog({ now: Date.now, print: () => {} }),
      disks: () => disks,
      quiesce: async () => {},
      onStage: () => {},
      onProgress: () => {},
    },
  )
  return { outcome, commands }
}

const writeImage = (serial: string, sizeBytes: number): OrderFrame['plan']['actions'][number] => ({
  action: 'write-image',
  imageId: 'i',
  imageName: 'Image',
  manifestDigest: 'a'.repeat(64),
  sizeBytes,
  disk: { by: 'serial', serial },
})

test.each([
  ['no-matching-disk', writeImage('other', 1)],
  ['disk-too-small', writeImage('S1', 2_000_000)],
])('ends with %s before any command is run on a disk', async (reason, action) => {
  const { outcome, commands } = perform([action], [disk])
  expect(await outcome).toMatchObject({ kind: 'failed', reason })
  expect(commands).toEqual([])
})

test('a seed without an image has no place', async () => {
  const seed = { action: 'write-seed', metaData: '', userData: '', networkConfig: null } as const
  expect(await perform([seed], [disk]).outcome).toMatchObject({ reason: 'no-root-filesystem' })
})

test('a plan of nothing but a restart is done', async () => {
  expect(await perform([{ action: 'restart' }], []).outcome).toEqual({ kind: 'done' })
})

test('remembers the order of this boot', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dragonfly-record-'))
  const path = join(directory, 'run/order.json')
  expect(readBootRecord(path)).toBeNull()
  writeBootRecord(path, { orderId: 'o1', epoch: 7 })
  expect(readBootRecord(path)).toEqual({ orderId: 'o1', epoch: 7 })
  rmSync(directory, { recursive: true })
})

test('a command that is not there, fails or hangs is a result', async () => {
  expect(await runCommand(['/no/such/program'])).toMatchObject({ code: null })
  expect(await runCommand(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  expect(await runCommand(['sleep', '60'], { timeoutMs: 50 })).toMatchObject({ code: null })
})
