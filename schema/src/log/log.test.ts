import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions, readLogSettings } from './index.ts'

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const now = () => Date.UTC(2026, 10, 23, 5, 14, 29)
  const log = createLog({ now, write: (text) => void lines.push(text), ...options })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') }
}

describe('a line of the log', () => {
  it('is JSON with time, level and message, and the fields that are known', () => {
    const { log, lines, last } = capture({
      fields: { program: 'edge' },
      context: () => ({ requestId: 'r1' }),
    })
    log.with({ edgeId: 'e1' }).warn('something', { machineId: 'm1', mac: null, siteId: undefined, count: 3 })
    expect(lines).toHaveLength(1)
    expect(last()).toEqual({
      time: '2026-11-23T05:14:29.000Z',
      level: 'warn',
      message: 'something',
      program: 'edge',
      edgeId: 'e1',
      requestId: 'r1',
      machineId: 'm1',
      count: 3,
    })
  })

  it('is one line, whatever is in it', () => {
    const { log, lines } = capture()
    log.info('a\nb', { mac: 'c\r\nd', error: new Error('e\nf') })
    expect(lines.join('')).not.toMatch(/[\r\n]/)
  })

  it('is left out below the level that is asked for', () => {
    const { log, lines } = capture({ level: 'warn' })
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd'])
  })

  it('is text for a person at a terminal, whose cursor it does not move', () => {
    const { log, lines } = capture({ format: 'text' })
    log.error('it \u001b[2Jbroke', {
      machineId: 'm1',
      error: new Error('outer', { cause: new Error('inner') }),
    })
    const [head, first, ...rest] = lines.join('').split('\n')
    expect(head).toBe('05:14:29 ERROR it  [2Jbroke  machineId=m1')
    expect(first).toBe('  Error: outer')
    expect(rest).toContain('  Error: inner')
  })

  it('has an error with its causes, and of a failed statement no parameters', () => {
    const { log, last, lines } = capture()
    const failed = new Error(
      'Failed query: insert into user values (?, ?)\nparams: ada,scrypt:abc\n    at nowhere',
      {
        cause: Object.assign(new Error('UNIQUE constraint failed: user.email'), {
          code: 'SQLITE_CONSTRAINT',
        }),
      },
    )
    log.error('it failed', { error: failed })
    expect(last().error).toMatchObject({
      name: 'Error',
      message: 'Failed query: insert into user values (?, ?)',
      cause: { code: 'SQLITE_CONSTRAINT', message: 'UNIQUE constraint failed: user.email' },
    })
    expect(last().error.stack[0]).toMatch(/^at .*log\.test\.ts/)
    expect(lines.join('')).not.toContain('scrypt:abc')
  })

  it('takes anything that is thrown', () => {
    const { log, last } = capture()
    const circular: Record<string, unknown> = {}
    circular.self = circular
    log.error('a', { error: circular })
    expect(last().error.name).toBe('object')
    log.error('b', { error: 'just text' })
    expect(last().error).toEqual({ name: 'string', message: 'just text' })
  })
})

describe('secrets', () => {
  const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
  it.each([
    `dragonfly.token=${secret}.${secret} console=ttyS0`,
    `authorization: Bearer ${secret}`,
    `Bearer eyJhbGciOiJFZERTQSJ9.${secret}.${secret}`,
    `eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.${secret}.x.${secret}.y`,
    `cookie: dragonfly.session_token=${secret}; path=/`,
    `https://example.com/callback?code=${secret}&state=x`,
    `https://ada:${secret}@example.com/image.qcow2`,
    `https://bucket.example.com/i?X-Amz-Signature=${secret}`,
    `POST /phone-home/0193-deployment/${secret}`,
    `http://10.0.0.1:6872/phone-home/0193-deployment/${secret}`,
    `{"password":"${secret}","user":"ADMIN"}`,
    `DRAGONFLY_ADMIN_PASSWORD="${secret} more" x`,
    `dfe_${secret}AAAAAAAAAAAAAAAA is no token`,
    `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  ])('are taken out of a text: %s', (text) => {
    const { log, lines } = capture()
    log.warn(text, { detail: text, error: new Error(text, { cause: new Error(text) }) })
    expect(lines.join('')).not.toContain(secret)
    expect(lines.join('')).toContain('[redacted]')
  })

  it('are taken out of a field that is named like one', () => {
    const { log, last } = capture()
    log.info('a', { bootToken: secret, password: secret, machineId: 'm1' })
    expect(last()).toMatchObject({ bootToken: '[redacted]', password: '[redacted]', machineId: 'm1' })
  })

  it('leave what is none', () => {
    const { log, last } = capture()
    const text =
      'GET /api/v1/machines/{machineId} 200 at https://example.com/a?page=2, exit code=1, 52:54:00:12:34:56'
    log.info(text)
    expect(last().message).toBe(text)
  })
})

describe('settings', () => {
  it('come from the environment, and are passed over when they are neither', () => {
    expect(readLogSettings({}, { format: 'json' })).toEqual({ level: 'info', format: 'json' })
    const given = { DRAGONFLY_LOG_LEVEL: 'debug', DRAGONFLY_LOG_FORMAT: 'text' }
    expect(readLogSettings(given, { format: 'json' })).toEqual({ level: 'debug', format: 'text' })
    const wrong = { DRAGONFLY_LOG_LEVEL: 'loud', DRAGONFLY_LOG_FORMAT: 'xml' }
    expect(readLogSettings(wrong, { format: 'text' })).toEqual({ level: 'info', format: 'text' })
  })
})
