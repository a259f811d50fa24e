/** Authentication algorithms of RMCP+ (IPMI 2.0 table 13-17), with the hash that each is made of. */
export type HashName = 'sha1' | 'sha256' | 'md5'

export interface CipherSuite {
  /** IPMI 2.0 table 22-20. */
  id: number
  authentication: 1 | 2 | 3
  integrity: 0 | 1 | 2 | 4
  confidentiality: 0 | 1
  hash: HashName
  /** Length of the code in RAKP 2 and 3. */
  keyCodeSizeBytes: number
  /** Length of the integrity check value in RAKP 4. */
  rakp4CodeSizeBytes: number
  /** Length of the code behind each packet of the session; 0 where packets carry none. */
  packetCodeSizeBytes: number
}

const sha1 = { authentication: 1, hash: 'sha1', keyCodeSizeBytes: 20, rakp4CodeSizeBytes: 12 } as const
const md5 = { authentication: 2, hash: 'md5', keyCodeSizeBytes: 16, rakp4CodeSizeBytes: 16 } as const
const sha256 = { authentication: 3, hash: 'sha256', keyCodeSizeBytes: 32, rakp4CodeSizeBytes: 16 } as const

/**
 * The suites this client speaks. Suite 0 (no authentication) and xRC4 are left out on purpose; 1, 2, 15 and 16 leave commands
 * readable or forgeable, so they are only used when a caller names them.
 */
const suites: readonly CipherSuite[] = [
  { id: 1, ...sha1, integrity: 0, confidentiality: 0, packetCodeSizeBytes: 0 },
  { id: 2, ...sha1, integrity: 1, confidentiality: 0, packetCodeSizeBytes: 12 },
  { id: 3, ...sha1, integrity: 1, confidentiality: 1, packetCodeSizeBytes: 12 },
  { id: 8, ...md5, integrity: 2, confidentiality: 1, packetCodeSizeBytes: 16 },
  { id: 15, ...sha256, integrity: 0, confidentiality: 0, packetCodeSizeBytes: 0 },
  { id: 16, ...sha256, integrity: 4, confidentiality: 0, packetCodeSizeBytes: 16 },
  { id: 17, ...sha256, integrity: 4, confidentiality: 1, packetCodeSizeBytes: 16 },
]

export function cipherSuite(id: number): CipherSuite | undefined {
  return suites.find((suite) => suite.id === id)
}
