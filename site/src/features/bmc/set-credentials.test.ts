import { expect, it } from 'vitest'
import { bmcFormErrors, emptyBmcForm, parseBmcKey, readReach } from './set-credentials.ts'

const form = { ...emptyBmcForm, address: '10.0.0.17', username: 'admin' }

it('knows what a BMC’s address is', () => {
  expect(bmcFormErrors(form, true)).toEqual({})
  expect(bmcFormErrors({ ...form, address: 'https://web-1-bmc.example.com/' }, true)).toEqual({})
  expect(bmcFormErrors({ ...form, address: 'fd00::17' }, true)).toEqual({})
  for (const address of ['', '10.0.0.17; reboot', 'two words'])
    expect(bmcFormErrors({ ...form, address }, true)).toHaveProperty('address')
})

it('wants a user name where there are no credentials yet, and not to wake a machine', () => {
  const unnamed = { ...form, username: '' }
  expect(bmcFormErrors(unnamed, true)).toHaveProperty('username')
  expect(bmcFormErrors(unnamed, false)).toEqual({})
  expect(bmcFormErrors({ ...unnamed, address: '52:54:00:12:34:56', protocol: 'wake-on-lan' }, true)).toEqual(
    {},
  )
})

it('takes an empty port for the usual one', () => {
  expect(readReach(form).port).toBeNull()
  expect(readReach({ ...form, port: '6230' }).port).toBe(6230)
  for (const port of ['0', 'x', '65536', '1.5'])
    expect(bmcFormErrors({ ...form, port }, true)).toHaveProperty('port')
})

it('reads a BMC key as characters or as bytes, and wants it sealed with the login', () => {
  expect(parseBmcKey('')).toBeUndefined()
  expect(parseBmcKey('some key')).toBe('736f6d65206b6579')
  expect(parseBmcKey('0xA0ff')).toBe('a0ff')
  for (const kg of ['0x', '0xabc', '0xgg', 'x'.repeat(21), 'é'.repeat(11), `0x${'00'.repeat(21)}`]) {
    expect(parseBmcKey(kg)).toBeNull()
    expect(bmcFormErrors({ ...form, kg }, true)).toHaveProperty('kg')
  }
  expect(bmcFormErrors({ ...form, kg: 'some key' }, true)).toEqual({})
  expect(bmcFormErrors({ ...form, username: '', kg: 'some key' }, false)).toHaveProperty('kg')
  expect(bmcFormErrors({ ...form, protocol: 'redfish', kg: '0x' }, true)).toEqual({})
})
