import { closeSession } from '../../codec/ipmi/close-session.ts'
import type { IpmiCommand } from '../../codec/ipmi/command.ts'
import { completionCodes, describeCompletionCode, isTransient } from '../../codec/ipmi/completion-codes.ts'
import { getDeviceId } from '../../codec/ipmi/device-id.ts'
import { decodeIpmiResponse, encodeIpmiRequest, type IpmiResponse } from '../../codec/ipmi/message.ts'
import { setSessionPrivilege } from '../../codec/ipmi/session-privilege.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'
import { encodeProtectedPacket, openProtectedPacket } from '../../codec/rmcp/protected-packet.ts'
import type { RmcpPacket } from '../../codec/rmcp/rmcp.ts'
import { payloadTypes, type RmcpPlusPacket } from '../../codec/rmcp/session-packet.ts'
import type { UdpEndpoint } from '../../ports/udp.ts'
import { IpmiError, type IpmiErrorReason } from '../../protocol/ipmi/ipmi-error.ts'
import { busyPausesMs, keepAliveMs, requestTimeoutsMs } from '../../protocol/ipmi/retry.ts'
import {
  acceptSequence,
  emptySequenceWindow,
  nextSequence,
  type SequenceWindow,
} from '../../protocol/ipmi/sequence-window.ts'
import { type Awaiting, awaitFor, pause } from './awaiting.ts'
import { type EstablishedSession, setUpSession } from './set-up.ts'
import type { SessionIdentity } from './target.ts'
import { type BmcEndpoint, inTurn, type Transport } from './transport.ts'

export interface RequestOptions {
  /** Sends again while the BMC says that it is busy; true by default. */
  retriesBusy?: boolean
  /** The unit to ask; 0 by default. */
  lun?: number
}

interface Live extends EstablishedSession {
  sequence: number
  window: SequenceWindow
}

interface Pending {
  netFn: number
  command: number
  requestSequence: number
  awaiting: Awaiting<IpmiResponse>
}

export interface SessionDependencies {
  transport: Transport
  cryptography: RmcpCryptography
  now: () => number
  offeredSuites: () => Promise<number[]>
  onClose: (session: IpmiSession) => void
}

/** An open session with one BMC. It is kept alive, and opened anew by itself when the BMC lost it. */
export class IpmiSession {
  readonly #identity: SessionIdentity
  readonly #dependencies: SessionDependencies
  readonly #endpoint: BmcEndpoint
  readonly #stopListening: () => void
  #live: Live | undefined
  #isClosed = false
  #onSetup: ((packet: RmcpPlusPacket) => boolean) | undefined
  #onSol: ((payload: Uint8Array) => void) | undefined
  #onLost: (() => void) | undefined
  #pending: Pending | undefined
  #requestSequence = 0
  #heardAtMs = 0

  constructor(identity: SessionIdentity, address: UdpEndpoint, dependencies: SessionDependencies) {
    this.#identity = identity
    this.#dependencies = dependencies
    const { endpoint, stop } = dependencies.transport.listen(address, (packet) => this.#take(packet))
    this.#endpoint = endpoint
    this.#stopListening = stop
  }

  /** The BMC's address as it was given. */
  get name(): string {
    return this.#identity.name
  }

  /** The cipher suite in use; undefined while there is no session. */
  get cipherSuite(): number | undefined {
    return this.#live?.keys.suite.id
  }

  get username(): Uint8Array {
    return this.#identity.username
  }

  /** Opens the session if it is not open. @throws IpmiError */
  open(): Promise<void> {
    return inTurn(this.#endpoint, async () => {
      await this.#ensureOpen()
    })
  }

  /**
   * Runs one command and gives its answer; one at a time per BMC, in order.
   * @throws IpmiError `completion-code` where the BMC refuses it, `timeout` where it does not answer even in a new session.
   */
  async request<Request, Response>(
    command: IpmiCommand<Request, Response>,
    request: Request,
    options: RequestOptions = {},
  ): Promise<Response> {
    const data = command.encode(request)
    const answer = await inTurn(this.#endpoint, () => this.#run(command, data, options))
    return decodeAnswer(command, answer, this.name)
  }

  /** Sends a packet of Serial over LAN, which has its own acknowledgements. */
  sendSol(payload: Uint8Array): void {
    if (this.#live) this.#send(this.#live, payloadTypes.sol, payload)
  }

  /** Who gets the packets of Serial over LAN, one at a time; and who hears that the session, and the console with it, was lost. */
  onSol(handler: ((payload: Uint8Array) => void) | undefined, onLost?: () => void): void {
    this.#onSol = handler
    this.#onLost = onLost
  }

  /** Asks something harmless when nothing was heard for a while. A session that is gone is noticed, and opened anew when next needed. */
  async keepAlive(): Promise<void> {
    if (!this.#live || this.#pending || this.#dependencies.now() - this.#heardAtMs < keepAliveMs) return
    await this.request(getDeviceId, undefined).catch(() => undefined)
  }

  /** Ends the session at the BMC too, unless it does not answer. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const live = this.#live
    if (live)
      await inTurn(this.#endpoint, async () => {
        const data = closeSession.encode({ bmcSessionId: live.bmcSessionId })
        await this.#exchange(live, closeSession, data, {}, [1000])
      })
    // Whoever has its console open hears that it is gone.
    this.#lose()
    this.#stopListening()
    this.#dependencies.onClose(this)
  }

  async #run(
    command: IpmiCommand<never, unknown>,
    data: Uint8Array,
    options: RequestOptions,
  ): Promise<IpmiResponse> {
    // What must happen once is not sent into a session that may have expired: after that one could not tell whether it was done.
    const isQuiet = this.#dependencies.now() - this.#heardAtMs > 5000
    if (command.isOnce && this.#live && isQuiet) await this.#runInSession(getDeviceId, new Uint8Array(), {})
    for (const pauseMs of busyPausesMs) {
      const answer = await this.#runInSession(command, data, options)
      const isBusy = isTransient(answer.completionCode) && (options.retriesBusy ?? true)
      if (!isBusy) return answer
      await pause(pauseMs)
    }
    return this.#runInSession(command, data, options)
  }

  async #runInSession(
    command: IpmiCommand<never, unknown>,
    data: Uint8Array,
    options: RequestOptions,
  ): Promise<IpmiResponse> {
    const wasOpen = this.#live !== undefined
    const answer = await this.#exchange(await this.#ensureOpen(), command, data, options)
    if (answer) return answer
    this.#lose()
    if (wasOpen && !command.isOnce) {
      const second = await this.#exchange(await this.#ensureOpen(), command, data, options)
      if (second) return second
      this.#lose()
    }
    const outcome = command.isOnce ? ' It may have been done all the same: look before trying again.' : ''
    throw new IpmiError('timeout', `${this.name}: no answer to ${command.name}.${outcome}`, {
      command: command.name,
    })
  }

  #lose(): void {
    this.#live = undefined
    this.#onLost?.()
  }

  async #ensureOpen(): Promise<Live> {
    if (this.#live) return this.#live
    if (this.#isClosed) throw new IpmiError('closed', `${this.name}: the session was closed.`)
    const { transport, cryptography, offeredSuites } = this.#dependencies
    const channel = {
      send: (bytes: Uint8Array) => transport.send(this.#endpoint, bytes),
      onPacket: (handler: ((packet: RmcpPlusPacket) => boolean) | undefined) => {
        this.#onSetup = handler
      },
      offeredSuites,
    }
    const { suites } = this.#identity
    const established = await setUpSession(this.#identity, suites, channel, cryptography)
    const live = { ...established, sequence: 0, window: emptySequenceWindow }
    this.#live = live
    await this.#raisePrivilege(live)
    return live
  }

  /** A session starts as user. */
  async #raisePrivilege(live: Live): Promise<void> {
    const { privilege } = this.#identity
    const data = setSessionPrivilege.encode({ privilege })
    const answer = await this.#exchange(live, setSessionPrivilege, data, {})
    if (answer?.completionCode === completionCodes.ok) return
    this.#live = undefined
    if (!answer)
      throw new IpmiError('timeout', `${this.name}: no answer in the session that was just opened.`)
    const says = describeCompletionCode(answer.completionCode, setSessionPrivilege.completionCodes)
    throw new IpmiError('privilege-too-low', `${this.name}: ${says}. Raise the user’s privilege in the BMC.`)
  }

  /** One request with its repeats, each under a new session sequence number; undefined when nothing answers. */
  async #exchange(
    live: Live,
    command: IpmiCommand<never, unknown>,
    data: Uint8Array,
    { lun = 0 }: RequestOptions,
    timeoutsMs: readonly number[] = requestTimeoutsMs,
  ): Promise<IpmiResponse | undefined> {
    const { netFn, command: code } = command
    let message = this.#nextMessage(netFn, code, data, lun)
    for (const timeoutMs of timeoutsMs) {
      const awaiting = awaitFor<IpmiResponse>(timeoutMs)
      this.#pending = { netFn, command: code, requestSequence: this.#requestSequence, awaiting }
      this.#send(live, payloadTypes.ipmi, message)
      const answer = await awaiting.promise
      this.#pending = undefined
      if (!answer) continue
      if (answer.completionCode !== completionCodes.duplicated) return answer
      // Our first try arrived, and its answer was lost.
      if (command.isOnce) return { ...answer, completionCode: completionCodes.ok }
      message = this.#nextMessage(netFn, code, data, lun)
    }
    return undefined
  }

  #nextMessage(netFn: number, command: number, data: Uint8Array, lun: number): Uint8Array {
    this.#requestSequence = (this.#requestSequence + 1) & 0x3f
    return encodeIpmiRequest({ netFn, command, requestSequence: this.#requestSequence, data, lun })
  }

  #send(live: Live, payloadType: number, payload: Uint8Array): void {
    live.sequence = nextSequence(live.sequence)
    const packet = { payloadType, sessionId: live.bmcSessionId, sequence: live.sequence, payload }
    const { transport, cryptography } = this.#dependencies
    transport.send(this.#endpoint, encodeProtectedPacket(packet, live.keys, cryptography))
  }

  #take(packet: RmcpPacket): boolean {
    if (packet.kind !== 'rmcp-plus') return false
    const isSetup = packet.payloadType >= payloadTypes.openSessionRequest
    if (isSetup) return this.#onSetup?.(packet) ?? false
    const live = this.#live
    // Tyan's boards answer with an id of zero; the packet's code says whether it is for us.
    if (!live || (packet.sessionId !== live.consoleSessionId && packet.sessionId !== 0)) return false
    const payload = openProtectedPacket(packet, live.keys, this.#dependencies.cryptography)
    const window = payload && acceptSequence(live.window, packet.sequence)
    if (!payload || !window) return false
    live.window = window
    this.#heardAtMs = this.#dependencies.now()
    if (packet.payloadType === payloadTypes.sol) return this.#takeSol(payload)
    return packet.payloadType === payloadTypes.ipmi && this.#takeAnswer(decodeIpmiResponse(payload))
  }

  #takeSol(payload: Uint8Array): boolean {
    this.#onSol?.(payload)
    return this.#onSol !== undefined
  }

  /** Checksums are not looked at: Supermicro's X9 gets them wrong, and the packet's code was right. */
  #takeAnswer(answer: IpmiResponse): boolean {
    const pending = this.#pending
    const isAnswer =
      pending?.requestSequence === answer.requestSequence &&
      pending.command === answer.command &&
      pending.netFn === answer.netFn
    if (isAnswer) pending.awaiting.give(answer)
    return isAnswer
  }
}

function decodeAnswer<Response>(
  command: IpmiCommand<never, Response>,
  answer: IpmiResponse,
  name: string,
): Response {
  const code = answer.completionCode
  if (code !== completionCodes.ok) {
    const says = describeCompletionCode(code, command.completionCodes)
    throw new IpmiError(reasonOf(code), `${name}: ${command.name}: ${says}.`, {
      completionCode: code,
      command: command.name,
    })
  }
  try {
    return command.decode(answer.data)
  } catch (cause) {
    if (!(cause instanceof MalformedPacketError)) throw cause
    const message = `${name}: the BMC’s answer to ${command.name} is not as specified (${cause.reason}).`
    throw new IpmiError('malformed', message, { command: command.name, cause })
  }
}

function reasonOf(completionCode: number): IpmiErrorReason {
  if (completionCode === completionCodes.insufficientPrivilege) return 'privilege-too-low'
  return completionCode === completionCodes.invalidCommand ? 'not-supported' : 'completion-code'
}
