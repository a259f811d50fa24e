import { z } from '@hono/zod-openapi'

export const oidcEntries = ['invited', 'domains', 'anyone'] as const
export type OidcEntry = (typeof oidcEntries)[number]

const domainSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^([a-z0-9-]+\.)+[a-z0-9-]+$/, 'A domain looks like example.com.')
  .max(253)

const oidcShape = {
  /** What the button says: "Sign in with …". */
  name: z.string().trim().min(1, 'A name is wanted: the button shows it.').max(60),
  issuer: z.url({ protocol: /^https?$/, error: 'The issuer is an https:// address.' }).max(500),
  clientId: z.string().trim().min(1, 'The provider gives out a client id.').max(500),
  /** Who gets an account at their first sign-in; always as viewers, unless they were invited as something else. */
  entry: z.enum(oidcEntries),
  /** E-mail domains for `domains`. */
  domains: z.array(domainSchema).max(50),
  /** An account that is here already is opened to whoever has its verified e-mail address at the provider. */
  linkByEmail: z.boolean(),
}

export const oidcViewSchema = z
  .object({
    /** Null while no provider is set up. */
    provider: z.object(oidcShape).nullable(),
    /** What to enter at the provider. */
    redirectUri: z.string(),
  })
  .openapi('Oidc')
export type OidcView = z.infer<typeof oidcViewSchema>

export const oidcInputSchema = z
  .object({
    ...oidcShape,
    /** Left out: the one that is kept already. */
    clientSecret: z.string().min(1).max(1000).optional(),
  })
  .refine((input) => input.entry !== 'domains' || input.domains.length > 0, {
    path: ['domains'],
    message: 'Name at least one domain.',
  })
  .openapi('OidcInput')

export const oidcBegunSchema = z
  .object({ url: z.string().openapi({ description: 'Where the browser goes next: the provider' }) })
  .openapi('OidcBegun')

export const oidcAnswerSchema = z
  .object({
    query: z.string().max(8000).openapi({ description: 'What the provider sent back, behind the `?`' }),
  })
  .openapi('OidcAnswer')
