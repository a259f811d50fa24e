import { expect, it } from 'vitest'
import { judgeReadiness, type ReadinessFacts } from './readiness.ts'

const well: ReadinessFacts = {
  hasState: true,
  listeners: ['UDP port 67 on eth0'],
  isImageServerUp: true,
  hasBundle: true,
  problems: [],
}

it('is ready when it can boot and deploy machines', () => {
  expect(judgeReadiness(well)).toEqual([])
  const second = { problem: 'second-dhcp-server', message: 'Two DHCP servers answer on eth0.' }
  const disk = { problem: 'disk-low', message: 'The disk is nearly full.' }
  expect(judgeReadiness({ ...well, problems: [second, disk] })).toEqual([])
})

it.each([
  ['state', { hasState: false }],
  ['boot-responder', { listeners: [] }],
  ['image-server', { isImageServerUp: false }],
  ['boot-bundle', { hasBundle: false }],
  ['sockets', { problems: [{ problem: 'port-in-use', message: 'Taken.' }] }],
  ['sockets', { problems: [{ problem: 'no-privilege', message: 'Not allowed.' }] }],
  ['interfaces', { problems: [{ problem: 'interface-without-address', message: 'None.' }] }],
] satisfies [string, Partial<ReadinessFacts>][])('is not ready for want of its %s', (check, change) => {
  expect(judgeReadiness({ ...well, ...change })).toMatchObject([{ check }])
})

it('says once what is wrong, and why', () => {
  const died = { problem: 'boot-responder-died', message: 'The boot responder ended (signal SIGKILL).' }
  expect(judgeReadiness({ ...well, listeners: [], problems: [died] })).toEqual([
    { check: 'boot-responder', message: died.message },
  ])
})
