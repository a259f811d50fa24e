import { createHmac, randomBytes } from 'node:crypto'
import type { Ipv4 } from '../../codec/ipv4.ts'
import { type BootDecision, decideBoot } from '../../protocol/boot-decision.ts'
import type { BootScriptContext } from '../../protocol/boot-script.ts'
import { mintBootToken } from '../../protocol/boot-token.ts'
import type { BootCaller } from '../../protocol/boot-urls.ts'
import type { BootContext } from './context.ts'

/** How long a machine may take from its script to the ramdisk's hello. */
const tokenLifeMs = 30 * 60 * 1000

export interface ScriptRequest {
  caller: BootCaller
  /** Ours, which it asked. */
  address: Ipv4
  client: Ipv4
}

/** Decides what a machine boots now, writes that in its loader's language, and reports it. */
export function makeScript(
  { caller, address, client }: ScriptRequest,
  render: (decision: BootDecision, context: BootScriptContext) => string,
  context: BootContext,
): string {
  const index = context.index()
  const nowMs = context.now()
  const decision = decideBoot(caller, index, nowMs)
  const script = render(decision, {
    caller,
    origin: { address, port: context.ports.bootHttp },
    agentPort: context.ports.agentHttp,
    bundleReady: index.view.bundleReady,
    mintToken: () =>
      mintBootToken(
        { mac: caller.mac, nonce: randomBytes(16), expiresAt: nowMs + tokenLifeMs },
        Buffer.from(index.view.bootTokenKey, 'base64url'),
        (key, message) => createHmac('sha256', key).update(message).digest(),
      ),
  })
  context.report({
    kind: 'script',
    atMs: nowMs,
    mac: caller.mac,
    ...(caller.uuid === undefined ? {} : { uuid: caller.uuid }),
    address: client,
    decision: decision.kind,
    reason: decision.reason,
    ...('machineId' in decision && decision.machineId !== undefined ? { machineId: decision.machineId } : {}),
  })
  return script
}
