import { randomBytes as cryptoRandomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Bmc } from '../bmc.ts'
import { privileges } from '../users.ts'
import { decryptPayload, encryptPayload, hasRightCode, sealPacket } from './cipher-suite.ts'
import { CommandError, type CommandTable, completion, createRegisters } from './command.ts'
import { appCommands } from './commands-app.ts'
import { chassisCommands } from './commands-chassis.ts'
import { dcmiCommands } from './commands-dcmi.ts'
import { sensorCommands } from './commands-sensors.ts'
import { storageCommands } from './commands-storage.ts'
import { transportCommands } from './commands-transport.ts'
import { userCommands } from './commands-users.ts'
import {
  answerRakp1,
  answerRakp3,
  decodeOpenRequest,
  encodeOpenFailure,
  encodeOpenResponse,
  type HandshakeAnswer,
  type Session,
} from './handshake.ts'
import {
  decodePacket,
  decodeRequest,
  encodePong,
  encodeResponse,
  encodeRmcpPlus,
  encodeSessionless,
  type IpmiRequest,
  payloadTypes,
  type RmcpPacket,
} from './packet.ts'
import { acceptSequence, nextSequence, SessionTable } from './session-table.ts'
import { SolPort, solCommands } from './sol.ts'

const commands: CommandTable = {
  ...appCommands,
  ...chassisCommands,
  ...dcmiCommands,
  ...sensorCommands,
  ...solCommands,
  ...storageCommands,
  ...transportCommands,
  ...userCommands,
}

/** The order of the 16 bytes of Get System GUID, by the maker's reading of the specification. */
export function encodeGuid(uuid: string, order: 'smbios' | 'printed' | 'reversed'): Buffer {
  const printed = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  if (order === 'printed') return printed
  if (order === 'reversed') return printed.reverse()
  const part = (from: number, to: number) => printed.subarray(from, to).reverse()
  return Buffer.concat([part(0, 4), part(4, 6), part(6, 8), printed.subarray(8)])
}

export interface IpmiServerOptions {
  bmc: Bmc
  address: string
  /** 0 takes a free one. */
  port: number
  /** For faults, a number from 0 to 1. */
  random?: () => number
  randomBytes?: (length: number) => Buffer
}

interface LastAnswer {
  request: Buffer
  response: Buffer
}

/** The IPMI 2.0 side of a BMC: one UDP socket, its session table, its commands. */
export class IpmiServer {
  readonly #bmc: Bmc
  readonly #socket: Socket
  readonly #random: () => number
  readonly #randomBytes: (length: number) => Buffer
  readonly #sessions: SessionTable
  readonly #sol: SolPort
  readonly #registers = createRegisters()
  readonly #guid: Buffer
  /** By session id: a client that did not get the answer gets it again, and the command is not done twice. */
  readonly #lastAnswers = new Map<number, LastAnswer>()
  readonly #delayed = new Set<NodeJS.Timeout>()

  constructor(options: Omit<IpmiServerOptions, 'address' | 'port'>) {
    const { bmc } = options
    this.#bmc = bmc
    this.#random = options.random ?? Math.random
    this.#randomBytes = options.randomBytes ?? cryptoRandomBytes
    this.#guid = encodeGuid(bmc.chassis.identity.uuid, bmc.personality.ipmi.guidOrder)
    this.#sessions = new SessionTable({
      slots: bmc.personality.ipmi.sessionSlots,
      now: bmc.now,
      firstId: this.#randomBytes(4).readUInt32LE() || 1,
      onEnd: (session) => this.#forget(session),
    })
    this.#sol = new SolPort(bmc.chassis, (session, payload) =>
      this.#sendInSession(session, payloadTypes.sol, payload),
    )
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (packet, remote) => void this.#receive(packet, remote))
    this.#socket.on('error', () => undefined)
  }

  #forget(session: Session): void {
    this.#lastAnswers.delete(session.id)
    if (this.#sol.owner === session) this.#sol.deactivate(true)
  }

  async listen(address: string, port: number): Promise<void> {
    this.#socket.bind(port, address)
    await once(this.#socket, 'listening')
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** How many logins there are, begun ones included. */
  get sessionCount(): number {
    return this.#sessions.sweep()
  }

  async close(): Promise<void> {
    this.#sol.deactivate(true)
    for (const timer of this.#delayed) clearTimeout(timer)
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #isLost(): boolean {
    const { lossRate } = this.#bmc.faults
    return lossRate > 0 && this.#random() < lossRate
  }

  #send(packet: Buffer, remote: { address: string; port: number }): void {
    if (this.#isLost()) return
    const transmit = () => this.#socket.send(packet, remote.port, remote.address, () => undefined)
    const { delayMs } = this.#bmc.faults
    if (delayMs === 0) {
      transmit()
      return
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(timer)
      transmit()
    }, delayMs)
    this.#delayed.add(timer)
  }

  async #receive(bytes: Buffer, remote: RemoteInfo): Promise<void> {
    if (this.#isLost()) return
    const packet = decodePacket(bytes)
    if (!packet) return
    if (packet.kind === 'ping') return this.#send(encodePong(packet.tag), remote)
    if (packet.kind === 'sessionless') {
      const response = await this.#answerSessionless(packet.message)
      if (response) this.#send(encodeSessionless(response), remote)
    } else if (packet.sessionId === 0) await this.#receiveSetup(packet, remote)
    else await this.#receiveInSession(packet, remote)
  }

  async #answerSessionless(message: Buffer): Promise<Buffer | undefined> {
    const request = decodeRequest(message)
    return request && this.#carryOut(request, undefined)
  }

  async #receiveSetup(packet: RmcpPacket & { kind: 'rmcp+' }, remote: RemoteInfo): Promise<void> {
    const { payloadType, payload } = packet
    const reply = (type: number, response: Buffer) => this.#send(encodeRmcpPlus(type, 0, 0, response), remote)
    if (payloadType === payloadTypes.ipmi) {
      const response = await this.#answerSessionless(payload)
      if (response) reply(payloadTypes.ipmi, response)
    } else if (payloadType === payloadTypes.openSessionRequest) {
      const response = this.#answerOpen(Buffer.from(payload), remote)
      if (response) reply(payloadTypes.openSessionResponse, response)
    } else if (payloadType === payloadTypes.rakp1) {
      const response = this.#answerRakp(Buffer.from(payload), answerRakp1)
      if (response) reply(payloadTypes.rakp2, response)
    } else if (payloadType === payloadTypes.rakp3) {
      const response = this.#answerRakp(Buffer.from(payload), answerRakp3)
      if (response) reply(payloadTypes.rakp4, response)
    }
  }

  #answerOpen(payload: Buffer, remote: RemoteInfo): Buffer | undefined {
    const request = decodeOpenRequest(payload)
    if (!request) return undefined
    const repeated = this.#sessions.findRepeated(remote, payload)
    if (repeated) return repeated.lastAnswered?.response
    const { cipherSuites, unknownSuiteStatus } = this.#bmc.personality.ipmi
    const { suite } = request
    if (!suite || !cipherSuites.includes(suite.id)) return encodeOpenFailure(request, unknownSuiteStatus)
    if (request.privilege > 4) return encodeOpenFailure(request, 0x09)
    const session = this.#bmc.faults.noFreeSession
      ? undefined
      : this.#sessions.open({
          remoteId: request.remoteId,
          suite,
          privilegeLimit: request.privilege || 4,
          remote: { address: remote.address, port: remote.port },
        })
    if (!session) return encodeOpenFailure(request, 0x01)
    const response = encodeOpenResponse(request, session)
    session.lastAnswered = { request: payload, response }
    return response
  }

  #answerRakp(payload: Buffer, answer: typeof answerRakp1): Buffer | undefined {
    if (payload.length < 8) return undefined
    const session = this.#sessions.find(payload.readUInt32LE(4))
    if (!session) return Buffer.from([payload.readUInt8(0), 0x02, 0, 0, 0, 0, 0, 0])
    if (session.lastAnswered?.request.equals(payload)) return session.lastAnswered.response
    // A session that is up takes no second handshake.
    if (session.keys) return undefined
    const parts = { bmc: this.#bmc, guid: this.#guid, randomBytes: this.#randomBytes }
    const { response, outcome }: HandshakeAnswer = answer(parts, session, payload)
    if (outcome === 'ends') this.#sessions.end(session)
    else if (response) session.lastAnswered = { request: payload, response }
    return response
  }

  async #receiveInSession(packet: RmcpPacket & { kind: 'rmcp+' }, remote: RemoteInfo): Promise<void> {
    const session = this.#sessions.find(packet.sessionId)
    const keys = session?.keys
    if (!session || !keys || !packet.isAuthenticated || !packet.isEncrypted) return
    if (!hasRightCode(keys, packet.packet) || !acceptSequence(session, packet.sequence)) return
    const plain = decryptPayload(keys, packet.payload)
    if (!plain) return
    session.lastSeenMs = this.#bmc.now()
    session.lastAnswered = undefined
    session.remote = { address: remote.address, port: remote.port }
    if (packet.payloadType === payloadTypes.sol) this.#sol.handlePacket(session, plain)
    else if (packet.payloadType === payloadTypes.ipmi) await this.#answerInSession(session, plain)
  }

  async #answerInSession(session: Session, message: Buffer): Promise<void> {
    const last = this.#lastAnswers.get(session.id)
    if (last?.request.equals(message)) {
      this.#sendInSession(session, payloadTypes.ipmi, last.response)
      return
    }
    const request = decodeRequest(message)
    if (!request) return
    const response = await this.#carryOut(request, session)
    if (this.#sessions.find(session.id))
      this.#lastAnswers.set(session.id, { request: Buffer.from(message), response })
    this.#sendInSession(session, payloadTypes.ipmi, response)
  }

  #sendInSession(session: Session, payloadType: number, payload: Buffer): void {
    const { keys } = session
    if (!keys) return
    const encrypted = encryptPayload(keys, payload, this.#randomBytes(16))
    const sequence = nextSequence(session)
    const packet = encodeRmcpPlus(payloadType | 0xc0, session.remoteId, sequence, encrypted)
    const sealed = sealPacket(keys, packet)
    if (this.#bmc.faults.wrongIntegrity)
      sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 0xff, sealed.length - 1)
    this.#send(sealed, session.remote)
  }

  /** Carries a command out; whatever becomes of it, there is an answer. */
  async #carryOut(request: IpmiRequest, session: Session | undefined): Promise<Buffer> {
    const sequence =
      session && this.#bmc.faults.wrongSequence ? (request.sequence + 1) & 0x3f : request.sequence
    const [code = completion.invalidCommand, ...data] = await this.#answer(request, session)
    return encodeResponse({ ...request, sequence }, code, Buffer.from(data))
  }

  /** What the machine itself asks, through its driver: nobody logs in there, and everything is allowed. */
  answerSystem(request: Pick<IpmiRequest, 'netFn' | 'command' | 'data'>): Promise<Uint8Array> {
    return this.#answer(request, undefined, privileges.administrator)
  }

  /** The completion code and the data of the answer. */
  async #answer(
    request: Pick<IpmiRequest, 'netFn' | 'command' | 'data'>,
    session: Session | undefined,
    privilege: number = session?.privilege ?? 0,
  ): Promise<Uint8Array> {
    const only = (code: number) => Buffer.from([code])
    const { completionCode } = this.#bmc.faults
    const command = commands[(request.netFn << 8) | request.command]
    const isSetup = request.netFn === 0x06 && (request.command === 0x3b || request.command === 0x3c)
    if (session && completionCode !== undefined && !isSetup) return only(completionCode)
    if (!command) return only(completion.invalidCommand)
    if (command.privilege > privilege) return only(completion.insufficientPrivilege)
    // DCMI's commands name their group first.
    const isOfGroup = request.netFn !== 0x2c || request.data[0] === 0xdc
    if (!isOfGroup) return only(completion.invalidCommand)
    if (request.data.length < (command.minLength ?? 0)) return only(completion.wrongLength)
    try {
      const data = await command.handle(request.data, this.#context(session))
      return Buffer.concat([only(completion.ok), data])
    } catch (error) {
      if (error instanceof CommandError) return Buffer.concat([only(error.code), error.data])
      // Data that a length check let through, but not a read.
      if (error instanceof RangeError) return only(completion.wrongLength)
      throw error
    }
  }

  #context(session: Session | undefined) {
    return {
      bmc: this.#bmc,
      guid: this.#guid,
      sessions: this.#sessions,
      session,
      sol: this.#sol,
      port: this.port,
      registers: this.#registers,
    }
  }
}

export async function startIpmiServer(options: IpmiServerOptions): Promise<IpmiServer> {
  const server = new IpmiServer(options)
  await server.listen(options.address, options.port)
  return server
}
