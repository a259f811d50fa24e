import type { Page } from 'playwright-core'

/** A laptop's fingerprint reader, or a phone's: makes passkeys and shows them without asking anybody. */
export interface Authenticator {
  count(): Promise<number>
  /** Gone, with all its passkeys. */
  remove(): Promise<void>
}

/** Gives a tab a virtual authenticator, by Chromium's DevTools protocol. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    count: async () =>
      (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
    remove: () =>
      session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }).then(() => undefined),
  }
}
