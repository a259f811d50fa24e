import type { Lab } from '../../src/lab.ts'

/** What machines ask the edge, as a packet sniffer on its network card writes it down. */
export interface Overheard {
  text: () => string
  stop: () => Promise<void>
}

/** Listens to DHCP, to TFTP requests, and to the heads of HTTP requests for boot files. */
export async function overhearBoots(lab: Lab): Promise<Overheard> {
  const requests = 'tcp dst port 6870 and tcp[tcpflags] & tcp-push != 0'
  const filter = `udp dst port 67 or udp dst port 69 or (${requests})`
  const sniffer = await lab.spawn('edge', ['tcpdump', '-l', '-n', '-v', '-A', '-i', 'eth0', filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  sniffer.stdout?.on('data', (part) => {
    said += String(part)
  })
  const ended = new Promise<void>((resolve) => sniffer.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    sniffer.stderr?.on('data', (part) => {
      if (String(part).includes('listening on')) resolve()
    })
    sniffer.once('error', reject)
    sniffer.once('exit', () => reject(new Error('tcpdump ended before it listened')))
  })
  return {
    text: () => said,
    stop: async () => {
      sniffer.kill('SIGTERM')
      await ended
    },
  }
}
