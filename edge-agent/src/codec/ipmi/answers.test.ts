import { describe, expect, it } from 'vitest'
import { decodeCipherSuiteRecords } from './channel-cipher-suites.ts'
import { getChassisStatus } from './chassis-status.ts'
import type { IpmiCommand } from './command.ts'
import { getDcmiPowerLimit, getDcmiPowerReading, setDcmiPowerLimit } from './dcmi-power.ts'
import { getDeviceId } from './device-id.ts'
import { decodeIpmiResponse, encodeIpmiRequest } from './message.ts'
import { clearSel, getSelEntry } from './sel.ts'
import { getSensorReading } from './sensor-reading.ts'
import { getSystemGuid } from './system-guid.ts'
import { getUserAccess, setUserAccess } from './user-access.ts'
import { getUserName, setUserName } from './user-name.ts'
import { setUserPassword } from './user-password.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

describe('an answer', () => {
  const answers: [IpmiCommand<never, unknown>, string, object][] = [
    [
      getDeviceId,
      '2001861002bfa202000101000000',
      { firmware: '6.10', isUpdating: true, manufacturerId: 674 },
    ],
    [getChassisStatus, '211060', { power: 'on', restorePolicy: 'previous', identify: 'on' }],
    [getChassisStatus, '000000', { power: 'off', restorePolicy: 'off', identify: undefined }],
    [getSensorReading, '2ac0c0', { raw: 42, isAvailable: true, states: 0xc0 }],
    [getSensorReading, '2ae0', { isAvailable: false, states: 0 }],
    [getSensorReading, '2a', { isAvailable: false }],
    [
      getDcmiPowerReading,
      'dc7b0064009600820000000000e803000040',
      { currentWatts: 123, averageWatts: 130, periodMs: 1000, isMeasuring: true },
    ],
    [
      getDcmiPowerLimit,
      'dc000011f401e803000000000100',
      { limitWatts: 500, onExceeding: 'log', correctionMs: 1000, samplingSeconds: 1 },
    ],
    [getUserAccess, '10410114', { slotCount: 16, privilege: 4, hasIpmiMessaging: true, isEnabled: true }],
    [
      getSystemGuid,
      '000102030405060708090a0b0c0d0e0f',
      { straight: '00010203-0405-0607-0809-0a0b0c0d0e0f', asSmbios: '03020100-0504-0706-0809-0a0b0c0d0e0f' },
    ],
  ]
  it.each(answers)('to $name is read', (command, data, expected) => {
    expect(command.decode(bytes(data))).toMatchObject(expected)
  })

  it('names a user up to the first NUL', () => {
    expect(getUserName.decode(bytes('726f6f7400000000000000000000ff00'))).toBe('root')
  })

  it('lists cipher suites, the makers’ own left out', () => {
    expect(
      decodeCipherSuiteRecords(bytes('c0030141 81c0110344 81c181070000 01c0c1'.replaceAll(' ', ''))),
    ).toEqual([3, 17, 0xc1])
  })

  it('must be an answer, not a request', () => {
    const request = encodeIpmiRequest({ netFn: 6, command: 1, requestSequence: 1, data: new Uint8Array() })
    expect(() => decodeIpmiResponse(request)).toThrow()
  })
})

describe('a request', () => {
  const requests: [string, Uint8Array, string][] = [
    [
      'to set a power limit',
      setDcmiPowerLimit.encode({
        limitWatts: 500,
        onExceeding: 'log',
        correctionMs: 1000,
        samplingSeconds: 1,
      }),
      'dc00000011f401e803000000000100',
    ],
    ['to start clearing the log', clearSel.encode({ reservation: 0x1234, step: 'start' }), '3412434c52aa'],
    ['for a log entry', getSelEntry.encode({ recordId: 0x0102 }), '0000020100ff'],
    [
      'for a user’s access',
      setUserAccess.encode({ channel: 1, user: 3, privilege: 4, hasIpmiMessaging: true }),
      '91030400',
    ],
    [
      'for a user’s name',
      setUserName.encode({ user: 3, name: 'dragonfly' }),
      '03647261676f6e666c7900000000000000',
    ],
    [
      'for a short password',
      setUserPassword.encode({ user: 3, operation: 'set', password: 'secret' }),
      '030273656372657400000000000000000000',
    ],
    [
      'for a long password',
      setUserPassword.encode({ user: 3, operation: 'test', password: 'seventeen letters' }),
      '8303736576656e7465656e206c657474657273000000',
    ],
  ]
  it.each(requests)('%s is written', (_, data, expected) => {
    expect(hex(data)).toBe(expected)
  })
})
