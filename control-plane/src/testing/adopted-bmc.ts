import { type Answer, createHarness, type Harness, openTunnel, type TestEdge } from './harness.ts'

const coordinate = 'A'.repeat(43)
export const sealed = {
  protected: 'eyJlbmMiOiJBMjU2R0NNIn0',
  iv: 'aXY',
  ciphertext: 'c2VhbGVkLWJ5LWEtYnJvd3Nlcg',
  tag: 'dGFn',
  recipients: [
    {
      header: {
        alg: 'ECDH-ES+A256KW',
        kid: coordinate,
        epk: { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate },
      },
      encrypted_key: 'a2V5',
    },
  ],
}
export const kinds = ['bmc.probe', 'bmc.read', 'bmc.identify', 'bmc.control']

interface Adopted {
  harness: Harness
  siteId: string
  edge: TestEdge
  /** What the API said of it. */
  adopted: Answer
  machineId: string
  /** Of the machine, in the API. */
  path: string
}

/** A site with an edge, and a machine that is known by its BMC's address alone. */
export async function createAdopted(): Promise<Adopted> {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const adopted = await harness.call('POST', '/api/v1/bmcs', { siteId, address: 'HTTPS://10.0.0.17/' })
  const { machineId } = adopted.body
  return { harness, siteId, edge, adopted, machineId, path: `/api/v1/machines/${machineId}` }
}

/** An edge whose commands are answered by the test. */
export async function connect(
  harness: Harness,
  edge: TestEdge,
  commands: string[] | null = kinds,
  journalId = 'j1',
) {
  const tunnel = await openTunnel(harness, edge, { journalId, ...(commands ? { commands } : {}) })
  const { ackedSeq } = await tunnel.next('welcome')
  let seq = ackedSeq
  return {
    tunnel,
    async tell(event: object) {
      tunnel.send({
        type: 'journal',
        journalId,
        entries: [{ seq: ++seq, at: harness.clock.now, event }],
      } as never)
      await tunnel.next('ack')
    },
  }
}
