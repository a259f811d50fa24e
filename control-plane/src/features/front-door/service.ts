import type { FrontDoorView, frontDoorPatchSchema } from '@dragonfly/schema/api'
import { lockOutPhrase } from '@dragonfly/schema/state'
import type { Context } from 'hono'
import type { z } from 'zod'
import { isWithin, type Network, parseNetwork } from '../../addresses.ts'
import { runBatch } from '../../batch.ts'
import type { AppEnv } from '../../deps.ts'
import { AppError, invalid } from '../../errors.ts'
import { writeAllowlist, writeFrontPage } from './policy.ts'

export async function getFrontDoor(c: Context<AppEnv>): Promise<FrontDoorView> {
  const { door, trustedProxies } = c.get('deps')
  const policy = await door.policy()
  const yourAddress = c.get('clientAddress')
  return {
    frontPage: policy.frontPage,
    allowlist: policy.allowlist.map(({ text }) => text),
    yourAddress,
    trustedProxies: trustedProxies.map(({ text }) => text),
    ignoredForwardedFor:
      c.req.header('x-forwarded-for') !== undefined && yourAddress === c.get('peerAddress'),
  }
}

/** Refuses an allowlist that would lock out who sets it, unless they typed that they want this. */
export async function updateFrontDoor(
  c: Context<AppEnv>,
  patch: z.output<typeof frontDoorPatchSchema>,
): Promise<FrontDoorView> {
  const { db, door, live } = c.get('deps')
  const networks = patch.allowlist === undefined ? null : parseNetworks(patch.allowlist)
  if (networks && patch.confirmation?.trim().toLowerCase() !== lockOutPhrase) {
    refuseLockOut(networks, c.get('clientAddress'))
  }
  await runBatch(db, [
    ...(patch.frontPage === undefined ? [] : [writeFrontPage(db, patch.frontPage)]),
    ...(networks === null ? [] : [writeAllowlist(db, networks)]),
  ])
  door.forget()
  live.publish([{ type: 'changed', entity: 'setup', id: 'front-door' }])
  return getFrontDoor(c)
}

function parseNetworks(texts: readonly string[]): Network[] {
  const parsed = texts.map((text) => parseNetwork(text))
  const errors = parsed.flatMap((network, index) =>
    network === null
      ? [
          {
            path: `allowlist.${index}`,
            message: `"${texts[index]}" is neither an address nor a network like 192.0.2.0/24 or 2001:db8::/32.`,
          },
        ]
      : [],
  )
  if (errors.length > 0) throw invalid(errors)
  const byText = new Map(parsed.flatMap((network) => (network ? [[network.text, network] as const] : [])))
  return [...byText.values()]
}

function refuseLockOut(networks: readonly Network[], address: string | null): void {
  if (networks.length === 0 || (address !== null && isWithin(networks, address))) return
  throw new AppError({
    code: 'locks-you-out',
    status: 409,
    message: `You come from ${address ?? 'an address that is not known'}, which is not on this list: add it, or type "${lockOutPhrase}" to confirm that you want to be shut out.`,
  })
}
