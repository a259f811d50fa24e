import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './steps.ts'

interface LockEntry {
  version?: string
  optionalDependencies?: Record<string, string>
}

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter(Boolean)

test('the lock file holds every platform’s build of every optional package, so that npm ci works everywhere', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>
  }
  const present = new Set(
    Object.entries(packages).map(
      ([path, entry]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${entry.version}`,
    ),
  )
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([, range]) => /^\d+\.\d+\.\d+[\w.-]*$/.test(range))
      .filter(([name, version]) => !present.has(`${name}@${version}`))
      .map(([name, version]) => `${name}@${version} (wanted by ${path})`),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry', () => {
  expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "https?:/)
})

test('source files stay short enough to be read in one sitting', () => {
  const long = tracked
    .filter((file) => /\.(ts|tsx)$/.test(file) && !/\.d\.ts$|fixtures\//.test(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 500)
  expect(long).toEqual([])
})

test('migrations are append-only: each one is as it was when its checksum was noted', () => {
  const folder = join(root, 'schema/migrations')
  const noted = readFileSync(join(folder, 'SHA256SUMS'), 'utf8').trim().split('\n')
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}`,
    )
  expect(
    found,
    'a new migration is noted with: cd schema/migrations && sha256sum *.sql > SHA256SUMS',
  ).toEqual(noted)
})
