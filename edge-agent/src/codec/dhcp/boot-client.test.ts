import { describe, expect, it } from 'vitest'
import { fromLatin1 } from '../byte-writer.ts'
import { parseHex } from '../hex.ts'
import { readBootClient } from './boot-client.ts'

const pxe: [number, Uint8Array] = [60, fromLatin1('PXEClient:Arch:00007:UNDI:003000')]

function read(...options: [number, Uint8Array][]) {
  return readBootClient(new Map([pxe, ...options]))
}

describe('what a boot client says about itself', () => {
  it('is undefined for a client that does not netboot', () => {
    expect(readBootClient(new Map([[60, fromLatin1('udhcp 1.35.0')]]))).toBeUndefined()
    expect(readBootClient(new Map())).toBeUndefined()
  })

  it('takes the architecture from option 93, else from the vendor class', () => {
    expect(read([93, Uint8Array.of(0, 9, 0, 7)])?.architectures).toEqual([9, 7])
    expect(read()?.architectures).toEqual([7])
  })

  it.each([
    ['bare', fromLatin1('iPXE')],
    ['counted (RFC 3004)', Uint8Array.of(4, ...fromLatin1('iPXE'))],
  ])('knows iPXE by its %s user class', (_, userClass) => {
    expect(read([77, userClass])?.ipxe).toEqual({ canHttp: true })
  })

  it('sees in option 175 that an iPXE was built without HTTP', () => {
    expect(
      read([175, parseHex('b105011af41000eb0301000017010122010113010119 0101'.replace(' ', '')) ?? pxe[1]])
        ?.ipxe,
    ).toEqual({ canHttp: true })
    expect(read([175, parseHex('b105011af41000eb03010000170101220101') ?? pxe[1]])?.ipxe).toEqual({
      canHttp: false,
    })
  })

  it.each(['', '00', '0100000077000000408000000000000002'])(
    'answers without a UUID where option 97 is "%s"',
    (hex) => {
      expect(read([97, parseHex(hex) ?? pxe[1]])?.machineUuid).toBeUndefined()
    },
  )

  it('turns option 97 from SMBIOS order into the UUID that people read', () => {
    const value = parseHex('0000000077000000408000000000000002') ?? pxe[1]
    expect(read([97, value])?.machineUuid).toBe('77000000-0000-4000-8000-000000000002')
  })
})
