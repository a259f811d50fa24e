import { expect, it } from 'vitest'
import { readServiceRoot } from './service-root.ts'

const tlsPin = 'a1'.repeat(32)
const read = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  readServiceRoot({ status, headers, text: typeof body === 'string' ? body : JSON.stringify(body), tlsPin })

it('reads what a service says of itself', () => {
  const root = { RedfishVersion: '1.15.0', Vendor: 'Supermicro', Product: 'X12', UUID: 'ABCD-1', Oem: {} }
  expect(read(root)).toEqual({
    version: '1.15.0',
    vendor: 'Supermicro',
    product: 'X12',
    uuid: 'abcd-1',
    tlsPin,
  })
})

it('knows the maker by its own part of the answer', () => {
  expect(read({ RedfishVersion: '1.0.2', Oem: { Hpe: {} } })).toMatchObject({ vendor: 'HPE' })
})

it('takes one that shows nothing without a password for one, and other web servers not', () => {
  const nothing = { version: null, vendor: null, product: null, uuid: null, tlsPin }
  expect(read('', 401, { 'odata-version': '4.0' })).toEqual(nothing)
  expect(read('', 401)).toBeNull()
  expect(read({ RedfishVersion: '1.0.0' }, 404)).toBeNull()
  for (const body of ['<html>', '', '[]', 'null', '17', '{"hello":"world"}', { RedfishVersion: {} }])
    expect(read(body)).toBeNull()
})

it('keeps within bounds what a stranger says', () => {
  const long = 'x'.repeat(5000)
  const row = read({ RedfishVersion: long, Vendor: long, Product: long, UUID: long })
  for (const word of [row?.version, row?.vendor, row?.product, row?.uuid])
    expect(word?.length ?? 0).toBeLessThanOrEqual(200)
})
