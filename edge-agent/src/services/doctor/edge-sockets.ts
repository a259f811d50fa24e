import { edgePorts } from '@dragonfly/schema/wire'

/** A port that an edge listens on. */
export interface EdgeSocket {
  protocol: 'udp' | 'tcp'
  port: number
  purpose: string
}

export const edgeSockets: readonly EdgeSocket[] = [
  { protocol: 'udp', port: 67, purpose: 'DHCP' },
  { protocol: 'udp', port: 69, purpose: 'TFTP' },
  { protocol: 'udp', port: 4011, purpose: 'PXE boot server' },
  { protocol: 'tcp', port: edgePorts.bootHttp, purpose: 'boot files' },
  { protocol: 'tcp', port: edgePorts.imageHttp, purpose: 'images' },
  { protocol: 'tcp', port: edgePorts.agentHttp, purpose: 'ramdisks' },
]

export const nameSocket = ({ protocol, port, purpose }: EdgeSocket): string =>
  `${protocol.toUpperCase()} port ${port} (${purpose})`
