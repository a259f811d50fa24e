import {
  imageCreateSchema,
  organisationSchema,
  siteCreateSchema,
  sitePatchSchema,
} from '@dragonfly/schema/api'
import { frontPageModes, imageCatalogue, parseSshKeys, safetyModes } from '@dragonfly/schema/state'
import { z } from 'zod'
import { parseNetwork } from '../../addresses.ts'
import { type CheckedYaml, parseCheckedYaml } from '../../checked-yaml.ts'

const catalogueIds = imageCatalogue.map(({ id }) => id)
const accountName = z.string().trim().min(1).max(255)

const administratorSchema = z
  .strictObject({
    email: z.email('An e-mail address is wanted; it is the sign-in name.').max(254),
    name: z.string().trim().min(1, 'A name is wanted.').max(100).default('Administrator'),
    passwordHash: z
      .string()
      .regex(
        /^scrypt\$\d{4,7}\$\d{1,2}\$\d{1,2}\$[A-Za-z0-9_-]{16,}\$[A-Za-z0-9_-]{86}$/,
        'That is not what "dragonfly hash-password" prints.',
      )
      .optional(),
    invitationFile: z.string().min(1).optional(),
  })
  .refine((value) => value.passwordHash === undefined || value.invitationFile === undefined, {
    message: 'A password hash or an invitation, not both.',
    path: ['invitationFile'],
  })

const siteSchema = z.strictObject({
  name: siteCreateSchema.shape.name,
  unknownMachines: sitePatchSchema.shape.unknownMachines,
  minimumSafety: sitePatchSchema.shape.minimumSafety,
  deploymentsAtOnce: sitePatchSchema.shape.deploymentsAtOnce,
  /** Where the token for the first edge is written; it is printed when left out. */
  tokenFile: z.string().min(1).optional(),
})

const sshKeySchema = z.union(
  [
    z.string().transform((text, context) => {
      const keys = parseSshKeys(text)
      if (typeof keys !== 'string' && keys.length === 1) return { text }
      const message = typeof keys === 'string' ? keys : 'One public key each.'
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }),
    z.strictObject({ github: accountName }).transform(({ github: name }) => account('github', name)),
    z.strictObject({ gitlab: accountName }).transform(({ gitlab: name }) => account('gitlab', name)),
  ],
  'A public key like "ssh-ed25519 AAAA… name", or "github: NAME", or "gitlab: NAME".',
)

function account(host: 'github' | 'gitlab', name: string) {
  return { account: { host, name } }
}

const imageSchema = z.union(
  [
    z.strictObject({ catalogue: z.enum(catalogueIds) }),
    z.strictObject({
      name: imageCreateSchema.shape.name,
      url: imageCreateSchema.shape.url,
      checksum: imageCreateSchema.shape.checksum,
    }),
  ],
  `An image has a name, a url and a checksum; or "catalogue" with one of: ${catalogueIds.join(', ')}.`,
)

const networkSchema = z.string().transform((text, context) => {
  const network = parseNetwork(text)
  if (network) return network
  context.addIssue({
    code: 'custom',
    message: 'That is neither an address nor a network like 192.0.2.0/24 or 2001:db8::/32.',
  })
  return z.NEVER
})

const setupFileSchema = z.strictObject({
  administrator: administratorSchema.optional(),
  organisation: organisationSchema.shape.name.optional(),
  sites: z.array(siteSchema).max(500).default([]),
  sshKeys: z.array(sshKeySchema).max(64).default([]),
  images: z.array(imageSchema).max(100).default([]),
  frontPage: z.enum(frontPageModes).optional(),
  allowlist: z.array(networkSchema).max(500).optional(),
  minimumSafety: z.enum(safetyModes).optional(),
})
export type SetupFile = z.output<typeof setupFileSchema>

const knownFields = [
  ...Object.keys(setupFileSchema.shape),
  ...Object.keys(siteSchema.shape),
  ...['email', 'name', 'passwordHash', 'invitationFile', 'catalogue', 'url', 'checksum', 'github', 'gitlab'],
]

/** Reads what sets a server up without a person; every problem says its line and its field. */
export function parseSetupFile(yaml: string): CheckedYaml<SetupFile> {
  return parseCheckedYaml(yaml, setupFileSchema, knownFields)
}
