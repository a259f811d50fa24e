import { api, take } from '../../api/client.ts'
import { showPasskey } from './webauthn.ts'

/** Signs in with a passkey, and nothing else. */
export async function signInByPasskey(
  how: { conditional?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const options = await take(api.POST('/api/v1/passkey-sign-in/options'))
  how.signal?.throwIfAborted()
  const passkey = await showPasskey(options, how)
  await take(api.POST('/api/v1/passkey-sign-in', { body: { passkey } }))
}
