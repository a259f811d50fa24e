import { renderHex } from '../hex.ts'
import { decodeSmbiosUuid, type Uuid } from '../uuid.ts'
import { answerReader, encodeNothing, type IpmiCommand, netFns } from './command.ts'

/** Makers disagree on the byte order: compare all of them with the machine's SMBIOS UUID. */
export interface SystemGuid {
  /** As SMBIOS stores it, which is what most BMCs send. */
  asSmbios: Uuid
  /** The bytes as sent. */
  straight: Uuid
  /** The bytes in reverse, as IPMI 2.0 §20.8 has it. */
  reversed: Uuid
}

/** IPMI 2.0 §22.14. */
export const getSystemGuid: IpmiCommand<undefined, SystemGuid> = {
  name: 'Get System GUID',
  netFn: netFns.application,
  command: 0x37,
  encode: encodeNothing,
  decode: (data) => {
    const bytes = answerReader(data, 'Get System GUID').bytes(16)
    return {
      asSmbios: decodeSmbiosUuid(bytes),
      straight: renderUuid(bytes),
      reversed: renderUuid(bytes.toReversed()),
    }
  },
}

function renderUuid(bytes: Uint8Array): Uuid {
  return renderHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
