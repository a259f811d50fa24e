import type { ScanRow } from '@dragonfly/schema/wire'
import { readServiceRoot } from '../../../protocol/redfish/service-root.ts'
import type { IpmiClient } from '../../ipmi/index.ts'
import { createTransport } from '../../redfish/transport.ts'
import { vendorName } from '../vendors.ts'

export interface ScanPorts {
  ipmi: number
  redfish: number
}

/** Of every address, most of which are nobody's: one repeat for a packet that was lost. */
const ipmiTimeoutsMs = [700, 1300]
const connectTimeoutMs = 2000
/** Old BMCs think for long about a first request. */
const answerTimeoutMs = 8000
const mostAnswerBytes = 128 * 1024

/** Asks an address whether a BMC is there. No password is sent, and nothing that asks for one. Null: nothing answers. */
export async function probeAddress(
  client: IpmiClient,
  address: string,
  ports: ScanPorts,
): Promise<ScanRow | null> {
  const [ipmi, redfish] = await Promise.all([
    probeIpmi(client, { address, port: ports.ipmi }),
    probeRedfish(address, ports.redfish),
  ])
  return ipmi || redfish ? { address, ipmi, redfish } : null
}

/** Some answer only the one, some only the other. */
async function probeIpmi(
  client: IpmiClient,
  target: { address: string; port: number },
): Promise<ScanRow['ipmi']> {
  const [pong, login] = await Promise.all([
    client.ping(target),
    client.getAuthCapabilities(target, ipmiTimeoutsMs),
  ])
  if (!login && !pong?.isIpmi) return null
  const cipherSuites = login?.hasIpmi20 ? await client.getCipherSuites(target) : []
  const vendor = vendorName(login?.oemEnterpriseNumber ?? 0) ?? vendorName(pong?.enterpriseNumber ?? 0)
  return { hasIpmi20: login?.hasIpmi20 ?? false, cipherSuites: cipherSuites.slice(0, 64), vendor }
}

async function probeRedfish(address: string, port: number): Promise<ScanRow['redfish']> {
  const bounds = { connectTimeoutMs, answerTimeoutMs, mostAnswerBytes }
  const transport = createTransport({ address, port, tlsPin: null, ...bounds })
  const headers = { accept: 'application/json', 'odata-version': '4.0', connection: 'close' }
  try {
    const answer = await transport.exchange({ method: 'GET', path: '/redfish/v1/', headers })
    return readServiceRoot({ ...answer, tlsPin: transport.fingerprint() })
  } catch {
    // Silence, a refusal, or no web server: all of them say that there is no Redfish.
    return null
  } finally {
    transport.close()
  }
}
