import { expect, it } from 'vitest'
import { hostnameError, macError, suggestHostname } from './hostname.ts'

it.each(['web-01', 'a', '4ever', 'db.example.org'])('takes %s', (name) => {
  expect(hostnameError(name)).toBeNull()
})

it.each(['', 'Web', '-a', 'a-', 'a..b', 'a_b', 'x'.repeat(64)])('refuses "%s"', (name) => {
  expect(hostnameError(name)).not.toBeNull()
})

it('makes a host name of whatever a machine is called', () => {
  for (const name of ['SeatAngleCoverAcoustic', 'Web 01!', 'web-01']) {
    expect(hostnameError(suggestHostname(name))).toBeNull()
  }
})

it.each(['52:54:00:12:34:56', '5254.0012.3456', '52-54-00-12-34-56', '525400123456'])(
  'takes MAC %s',
  (mac) => {
    expect(macError(mac)).toBeNull()
  },
)

it.each(['52:54:00:12:34', '01:00:5e:00:00:01', 'zz:54:00:12:34:56'])('refuses MAC %s', (mac) => {
  expect(macError(mac)).not.toBeNull()
})
