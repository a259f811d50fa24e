import type { OidcView, oidcInputSchema } from '@dragonfly/schema/api'
import type { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { invalid, notFound } from '../../errors.ts'
import { readSetting, releaseSetting, writeSetting } from '../settings/settings.ts'
import { discover } from './provider.ts'

type Input = z.output<typeof oidcInputSchema>
export type OidcSettings = Omit<Input, 'clientSecret'> & { sealedSecret: string }

/** Read at every sign-in: a change counts from then on. */
export async function readOidc(deps: Pick<Deps, 'db'>): Promise<OidcSettings | null> {
  const stored = await readSetting(deps.db, 'oidc')
  return stored === null ? null : JSON.parse(stored)
}

export async function getOidc(deps: Deps): Promise<OidcView> {
  const stored = await readOidc(deps)
  const redirectUri = renderRedirectUri(deps)
  if (!stored) return { provider: null, redirectUri }
  const { sealedSecret: _sealed, ...provider } = stored
  return { provider, redirectUri }
}

/** Asks the provider first: what can't work is not kept. */
export async function setOidc(deps: Deps, input: Input): Promise<OidcView> {
  const { clientSecret, ...provider } = input
  const before = await readOidc(deps)
  // The kept secret goes to the provider that it is of, and to no other.
  const isSame = before?.issuer === input.issuer && before.clientId === input.clientId
  const sealedSecret =
    clientSecret !== undefined
      ? await deps.secrets.seal(clientSecret)
      : isSame
        ? before.sealedSecret
        : undefined
  if (sealedSecret === undefined) {
    throw invalid([{ path: 'clientSecret', message: 'The provider gives out a secret with the client id.' }])
  }
  await discover({ ...provider, clientSecret: await deps.secrets.open(sealedSecret) })
  await writeSetting(deps.db, 'oidc', JSON.stringify({ ...provider, sealedSecret }))
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'oidc' }])
  return getOidc(deps)
}

export async function deleteOidc(deps: Deps): Promise<void> {
  if (!(await readOidc(deps))) throw notFound('sign-in provider')
  await releaseSetting(deps.db, 'oidc')
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'oidc' }])
}

export function renderRedirectUri(deps: Pick<Deps, 'publicUrl'>): string {
  return `${deps.publicUrl}/sign-in/provider`
}
