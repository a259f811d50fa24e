import { describe, it } from 'vitest'
import { bytesOf, goldenFrames, goldenSessions } from '../../../test/ipmi-golden.ts'
import { mutationsPerDecoder, seed, seededRandom } from '../../../test/random.ts'
import { decodeBootFlags, getBootOption } from '../../codec/ipmi/boot-options.ts'
import { getChannelAuthCapabilities } from '../../codec/ipmi/channel-auth-capabilities.ts'
import { decodeCipherSuiteRecords, getChannelCipherSuites } from '../../codec/ipmi/channel-cipher-suites.ts'
import { getChannelInfo } from '../../codec/ipmi/channel-info.ts'
import { getChassisStatus } from '../../codec/ipmi/chassis-status.ts'
import { getDcmiPowerLimit, getDcmiPowerReading } from '../../codec/ipmi/dcmi-power.ts'
import { getDeviceId } from '../../codec/ipmi/device-id.ts'
import {
  decodeBoardArea,
  decodeChassisArea,
  decodeFruHeader,
  decodeProductArea,
} from '../../codec/ipmi/fru-areas.ts'
import { getFruInfo, readFruData } from '../../codec/ipmi/fru-inventory.ts'
import { getLanParameter } from '../../codec/ipmi/lan-configuration.ts'
import { decodeIpmiResponse } from '../../codec/ipmi/message.ts'
import { activateSol } from '../../codec/ipmi/payload-activation.ts'
import { decodeSdrRecord } from '../../codec/ipmi/sdr-record.ts'
import { getSdr, getSdrRepositoryInfo } from '../../codec/ipmi/sdr-repository.ts'
import { clearSel, getSelEntry, getSelInfo, getSelTime } from '../../codec/ipmi/sel.ts'
import { decodeSelRecord } from '../../codec/ipmi/sel-record.ts'
import { getSensorFactors } from '../../codec/ipmi/sensor-factors.ts'
import { getSensorReading } from '../../codec/ipmi/sensor-reading.ts'
import { getSystemGuid } from '../../codec/ipmi/system-guid.ts'
import { getUserAccess } from '../../codec/ipmi/user-access.ts'
import { getUserName } from '../../codec/ipmi/user-name.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { cipherSuite } from '../../codec/rmcp/cipher-suites.ts'
import { openProtectedPacket } from '../../codec/rmcp/protected-packet.ts'
import { decodeOpenSessionResponse, decodeRakp2, decodeRakp4 } from '../../codec/rmcp/rakp.ts'
import { decodeRmcpPacket } from '../../codec/rmcp/rmcp.ts'
import { decodeSolPacket } from '../../codec/sol/packet.ts'
import { renderEvent } from '../../protocol/ipmi/event-text.ts'
import { convertReading, convertThresholds } from '../../protocol/ipmi/sensor-conversion.ts'
import { renderStates } from '../../protocol/ipmi/sensor-states.ts'
import { renderUnit } from '../../protocol/ipmi/sensor-units.ts'
import { nodeCryptography } from './cryptography.ts'

const suite = cipherSuite(17)
if (!suite) throw new Error('no suite 17')
const integrityKey = bytesOf(goldenSessions.suites[17].k1)
const encryptionKey = bytesOf(goldenSessions.suites[17].aes_key)
/** Takes every code for right, so that what lies behind it is reached. */
const credulous = { ...nodeCryptography, isEqual: () => true, hmac: () => integrityKey }

const datagrams = [3, 17].flatMap((id) => goldenFrames(id as 3 | 17).map(({ bytes }) => bytes))
const payloads = goldenFrames(17)
  .slice(2, 8)
  .map(({ bytes }) => bytes.subarray(16))
const messages = goldenFrames(17)
  .slice(8)
  .map(({ plain }) => plain)
const sdr = bytesOf(
  '000051013320000103017f6801010000000038380001000001000000000000000000ff0000000000000002020000 00c8435055'.replace(
    ' ',
    '',
  ),
)
const sel = bytesOf('0100022a5b3c6520000401300159a05a')
const fru = bytesOf('01000001050d00ec0104 0019c1b0d00003564e44c7536572766572'.replace(' ', ''))
const answer = bytesOf('dc7b00640096007b00000000000100000040000000000000')

function full(bytes: Uint8Array): void {
  const record = decodeSdrRecord(bytes)
  if (record.kind !== 'full') return
  convertReading(bytes[0] ?? 0, record)
  convertThresholds(record)
  renderUnit(record)
  renderStates(record.sensorType, record.eventType, 0x7fff)
}

const decoders: Record<string, { samples: Uint8Array[]; decode: (bytes: Uint8Array) => unknown }> = {
  datagram: {
    samples: datagrams,
    decode: (bytes) => {
      const packet = decodeRmcpPacket(bytes)
      if (packet.kind === 'rmcp-plus')
        openProtectedPacket(packet, { suite, integrityKey, encryptionKey }, credulous)
    },
  },
  'open session response': { samples: payloads, decode: decodeOpenSessionResponse },
  'rakp 2': { samples: payloads, decode: decodeRakp2 },
  'rakp 4': { samples: payloads, decode: decodeRakp4 },
  message: { samples: messages, decode: decodeIpmiResponse },
  'sensor record': { samples: [sdr], decode: full },
  'log entry': { samples: [sel], decode: (bytes) => renderEvent(decodeSelRecord(bytes), undefined) },
  'fru header': { samples: [fru], decode: decodeFruHeader },
  'chassis area': { samples: [fru.subarray(8)], decode: decodeChassisArea },
  'board area': { samples: [fru.subarray(8)], decode: decodeBoardArea },
  'product area': { samples: [fru.subarray(8)], decode: decodeProductArea },
  'serial console': { samples: [answer], decode: decodeSolPacket },
  'cipher suite records': {
    samples: [bytesOf('c0030141 81c01103448 1'.replaceAll(' ', ''))],
    decode: decodeCipherSuiteRecords,
  },
  'boot flags': { samples: [answer], decode: decodeBootFlags },
}
for (const command of [
  getDeviceId,
  getSystemGuid,
  getChassisStatus,
  getBootOption,
  getChannelAuthCapabilities,
  getChannelCipherSuites,
  getChannelInfo,
  getDcmiPowerReading,
  getDcmiPowerLimit,
  getSdrRepositoryInfo,
  getSdr('repository'),
  getSensorReading,
  getSensorFactors,
  getSelInfo,
  getSelEntry,
  getSelTime,
  clearSel,
  getFruInfo,
  readFruData,
  getLanParameter,
  getUserAccess,
  getUserName,
  activateSol,
])
  decoders[command.name] = { samples: [answer, answer.subarray(0, 12)], decode: command.decode }

/** A sample with some of its bytes changed, and sometimes cut short or made longer. */
function mutate(sample: Uint8Array, random: () => number): Uint8Array {
  const length = random() < 0.5 ? sample.length : Math.floor(random() * (sample.length + 8))
  const bytes = new Uint8Array(length)
  bytes.set(sample.subarray(0, length))
  for (let changes = Math.floor(random() * 6); changes > 0 && length > 0; changes--)
    bytes[Math.floor(random() * length)] = Math.floor(random() * 256)
  return bytes
}

const each = mutationsPerDecoder ?? Math.ceil(1_000_000 / Object.keys(decoders).length)

describe(`${each} mutated packets each (DRAGONFLY_SEED=${seed})`, () => {
  it.each(Object.keys(decoders))(
    'are decoded or refused by the decoder of: %s',
    (name) => {
      const { samples, decode } = decoders[name] ?? { samples: [], decode: () => undefined }
      const random = seededRandom(seed)
      for (let run = 0; run < each; run++) {
        const bytes = mutate(samples[run % samples.length] ?? new Uint8Array(), random)
        try {
          decode(bytes)
        } catch (error) {
          if (!(error instanceof MalformedPacketError))
            throw new Error(`packet ${run}, ${Buffer.from(bytes).toString('hex')}`, { cause: error })
        }
      }
    },
    600_000,
  )
})
