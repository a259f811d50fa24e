import { expect, test } from 'vitest'
import { BundleBuildError, parseOsRelease, run } from './host.ts'

test('os-release fields, with and without quotes', () => {
  const fields = parseOsRelease(
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n',
  )
  expect(fields).toMatchObject({ ID: 'debian', VERSION_CODENAME: 'bookworm' })
  expect(fields.PRETTY_NAME).toBe('Debian GNU/Linux 12 (bookworm)')
})

test('a failing program is named with its last words', async () => {
  const attempt = run('bash', ['-c', 'echo some noise >&2; echo the reason >&2; exit 4'])
  await expect(attempt).rejects.toThrow(/bash ended with 4: .*the reason/)
  await expect(attempt).rejects.toBeInstanceOf(BundleBuildError)
})

test('a missing program is named', async () => {
  await expect(run('no-such-program-here', [])).rejects.toThrow(/no-such-program-here could not be started/)
})
