/** A server that answered, or was overheard, on one LAN. */
export interface DhcpServer {
  address: string
  /** It names boot files and hands out no addresses: a proxyDHCP (PXE) server. */
  isProxy: boolean
  /** The boot file that it gives to a machine that netboots; null when none. */
  bootFile: string | null
}

/** What an edge heard on one interface when it listened for DHCP servers other than itself. */
export interface DhcpObservation {
  servers: readonly DhcpServer[]
  /** Milliseconds since the epoch. */
  listenedAt: number
  /** Why it could not listen, as a sentence; null when it could. */
  failure: string | null
}

export interface ModeRecommendation {
  /** Null where nothing is known: nobody listened. */
  mode: 'proxy' | 'full' | null
  /** What was heard, and what follows from it. */
  sentence: string
  /** What the mode means, for somebody who meets it the first time. */
  explanation: string
}

const explanations = {
  proxy:
    'The edge only tells machines what to boot. Addresses still come from your own server, which stays as it is.',
  full: 'The edge hands out addresses on this LAN as well, because nobody else does.',
}

/** Which mode an interface should be in, by what was heard there. */
export function recommendInterfaceMode(observation: DhcpObservation | null): ModeRecommendation {
  if (!observation)
    return { mode: null, sentence: 'Nobody has listened for a DHCP server here yet.', explanation: '' }
  if (observation.failure !== null)
    return {
      mode: null,
      sentence: `Could not listen for DHCP servers: ${observation.failure}`,
      explanation: '',
    }
  const servers = observation.servers.filter((server) => !server.isProxy).map(({ address }) => address)
  if (servers.length === 0)
    return {
      mode: 'full',
      sentence: 'Nobody else hands out addresses here: full DHCP is right.',
      explanation: explanations.full,
    }
  const sentence =
    servers.length === 1
      ? `A DHCP server at ${servers[0]} answers: proxyDHCP is right.`
      : `DHCP servers at ${servers.join(' and ')} answer: proxyDHCP is right, once only one of them is left.`
  return { mode: 'proxy', sentence, explanation: explanations.proxy }
}

export interface DhcpProblem {
  problem: 'dhcp-two-servers' | 'dhcp-rogue-pxe'
  message: string
}

/** What is wrong on a LAN, with what to do about it. Two servers of one failover pair look like two servers. */
export function findDhcpProblems(interfaceName: string, observation: DhcpObservation): DhcpProblem[] {
  if (observation.failure !== null) return []
  const found: DhcpProblem[] = []
  const leasing = observation.servers.filter((server) => !server.isProxy)
  if (leasing.length > 1)
    found.push({
      problem: 'dhcp-two-servers',
      message: `${leasing.length} DHCP servers answer on ${interfaceName}: ${leasing.map(({ address }) => address).join(', ')}. Unless they are a failover pair, machines get conflicting addresses: switch off all but one.`,
    })
  const booting = observation.servers.filter((server) => server.isProxy || server.bootFile !== null)
  for (const { address, isProxy, bootFile } of booting) {
    const file = bootFile ? ` (${bootFile})` : ''
    found.push({
      problem: 'dhcp-rogue-pxe',
      message: isProxy
        ? `Another PXE server at ${address} answers on ${interfaceName}${file}. Machines may boot from it instead: switch it off.`
        : `The DHCP server at ${address} on ${interfaceName} names a boot file of its own${file}. Machines may boot that instead: clear its boot options (66 and 67, or next-server and filename).`,
    })
  }
  return found
}
