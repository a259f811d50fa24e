import type { IpmiCommand } from '../../codec/ipmi/command.ts'
import { completionCodes } from '../../codec/ipmi/completion-codes.ts'
import { decodeIpmiResponse, encodeIpmiRequest, type IpmiResponse } from '../../codec/ipmi/message.ts'
import { encodeSessionlessPacket } from '../../codec/rmcp/session-packet.ts'
import type { UdpEndpoint } from '../../ports/udp.ts'
import { awaitFor } from './awaiting.ts'
import type { Transport } from './transport.ts'

const usualTimeoutsMs = [500, 1000, 1500]

/** Runs a command outside any session. Undefined when nothing answers, or the BMC refuses it. */
export async function requestSessionless<Request, Response>(
  transport: Transport,
  address: UdpEndpoint,
  command: IpmiCommand<Request, Response>,
  request: Request,
  /** One try each. */
  timeoutsMs: readonly number[] = usualTimeoutsMs,
): Promise<Response | undefined> {
  const data = command.encode(request)
  for (const [requestSequence, timeoutMs] of timeoutsMs.entries()) {
    const awaiting = awaitFor<IpmiResponse>(timeoutMs)
    const { endpoint, stop } = transport.listen(address, (packet) => {
      if (packet.kind !== 'sessionless') return false
      const answer = decodeIpmiResponse(packet.message)
      const isAnswer = answer.netFn === command.netFn && answer.command === command.command
      if (!isAnswer || answer.requestSequence !== requestSequence || !answer.hasValidChecksums) return false
      awaiting.give(answer)
      return true
    })
    const message = encodeIpmiRequest({
      netFn: command.netFn,
      command: command.command,
      requestSequence,
      data,
    })
    transport.send(endpoint, encodeSessionlessPacket(message))
    const answer = await awaiting.promise.finally(stop)
    if (answer) return answer.completionCode === completionCodes.ok ? command.decode(answer.data) : undefined
  }
  return undefined
}
