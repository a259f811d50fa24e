import { edges, sites } from '@dragonfly/schema/db'
import { count, eq } from 'drizzle-orm'
import { z } from 'zod'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { AppError } from '../../errors.ts'
import { writeAllowlist, writeFrontPage } from '../front-door/policy.ts'
import { importFromCatalogue } from '../images/catalogue.ts'
import { createImage } from '../images/service.ts'
import { createInvitation } from '../invitations/service.ts'
import { readSetting, type SettingKey, writeSetting } from '../settings/settings.ts'
import { createEnrolmentToken, createSite, updateSite } from '../sites/service.ts'
import { bumpAllSites } from '../sites/site-version.ts'
import { addSshKeys } from '../ssh-keys/service.ts'
import { createFirstAdministrator, needsAdministrator } from './service.ts'
import type { SetupFile } from './setup-file.ts'

interface SetupOutput {
  /** For whoever reads the server's log. */
  say: (sentence: string) => void
  /** Writes a secret to a file that only this user reads. */
  writeSecret: (path: string, text: string) => Promise<void>
}

/**
 * Sets up what the file names and was never set up from it before. Each entry is taken once and noted; from then on it
 * belongs to the portal: what people change, rename or delete there stays as they left it, whatever the file says. What
 * people set before the file came stays, too. What fails (a vendor out of reach) is told, and tried at the next start.
 */
export async function applySetupFile(deps: Deps, file: SetupFile, output: SetupOutput): Promise<void> {
  const notes = await openNotes(deps)
  const once = async (key: string, work: () => Promise<string | undefined>): Promise<void> => {
    if (notes.has(key)) return
    try {
      await notes.add(key, (await work()) ?? '')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      output.say(`Set-up file, ${key}: ${error.message}`)
    }
  }
  await setUpAdministrator(deps, file, output)
  await setUpSettings(deps, file, once)
  for (const site of file.sites) {
    await once(`site ${site.name}`, () => setUpSite(deps, site))
    await offerToken(deps, site, notes.value(`site ${site.name}`), output)
  }
  for (const key of file.sshKeys) {
    await once(`SSH key ${'account' in key ? Object.values(key.account).join(':') : key.text}`, async () => {
      await addSshKeys(deps, key)
      return undefined
    })
  }
  for (const image of file.images) {
    await once(`image ${'catalogue' in image ? image.catalogue : image.name}`, async () => {
      await ignoringTaken(
        'catalogue' in image ? importFromCatalogue(deps, image.catalogue) : createImage(deps, image),
      )
      return undefined
    })
  }
}

const noteKey = 'setup-file'
const notesSchema = z.record(z.string(), z.string())

/** What was taken from a file already, by entry; a site's id as its value. */
async function openNotes({ db }: Deps) {
  const kept = await readSetting(db, noteKey)
  const notes = new Map(Object.entries(kept === null ? {} : notesSchema.parse(JSON.parse(kept))))
  return {
    has: (key: string) => notes.has(key),
    value: (key: string) => notes.get(key),
    add: async (key: string, value: string) => {
      notes.set(key, value)
      await writeSetting(db, noteKey, JSON.stringify(Object.fromEntries(notes)))
    },
  }
}

/** Whatever is there under the same name is somebody's, and stays. */
async function ignoringTaken(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'name-taken') throw error
  }
}

/** Only while there is no administrator. A link is made anew at each start until somebody has used it. */
async function setUpAdministrator(deps: Deps, file: SetupFile, output: SetupOutput): Promise<void> {
  const { administrator } = file
  if (!administrator || !(await needsAdministrator(deps.db))) return
  const { email, name, passwordHash, invitationFile } = administrator
  deps.setupCode = null
  if (passwordHash !== undefined) {
    await createFirstAdministrator(deps, { name, email, passwordHash })
    return
  }
  const inviter = { name: 'The set-up file' }
  const { link } = await createInvitation(deps, inviter, { email, name, role: 'administrator' })
  if (invitationFile === undefined)
    return output.say(`First administrator, ${email}: open ${link} (good for 7 days, once)`)
  await output.writeSecret(invitationFile, `${link}\n`)
  output.say(`First administrator, ${email}: the link is in ${invitationFile}`)
}

type Once = (key: string, work: () => Promise<string | undefined>) => Promise<void>

async function setUpSettings(deps: Deps, file: SetupFile, once: Once): Promise<void> {
  const { db } = deps
  const { organisation, frontPage, allowlist, minimumSafety } = file
  const unlessSet = async (key: SettingKey, write: () => Promise<unknown>): Promise<undefined> => {
    if ((await readSetting(db, key)) === null) await write()
  }
  if (organisation !== undefined)
    await once('organisation', () =>
      unlessSet('organisation', async () => writeSetting(db, 'organisation', organisation)),
    )
  if (frontPage !== undefined)
    await once('frontPage', () => unlessSet('front-page', async () => writeFrontPage(db, frontPage)))
  if (allowlist !== undefined)
    await once('allowlist', () => unlessSet('address-allowlist', async () => writeAllowlist(db, allowlist)))
  if (minimumSafety !== undefined)
    await once('minimumSafety', () =>
      unlessSet('minimum-safety', () =>
        runBatch(db, [writeSetting(db, 'minimum-safety', minimumSafety), bumpAllSites(db)]),
      ),
    )
  deps.door.forget()
}

type SetupSite = SetupFile['sites'][number]

/** Gives the site's id; one that has this name already stays as it is. */
async function setUpSite(deps: Deps, { name, tokenFile: _, ...settings }: SetupSite): Promise<string> {
  const [found] = await deps.db.select({ siteId: sites.siteId }).from(sites).where(eq(sites.name, name))
  if (found) return found.siteId
  const { siteId } = await createSite(deps, { name })
  if (Object.keys(settings).length > 0) await updateSite(deps, siteId, settings)
  return siteId
}

/** A token is good for an hour: at each start a new one, until an edge has come. */
async function offerToken(
  deps: Deps,
  { name, tokenFile }: SetupSite,
  siteId: string | undefined,
  { say, writeSecret }: SetupOutput,
): Promise<void> {
  const [site] = await deps.db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(eq(sites.siteId, siteId ?? ''))
  if (!site) return
  const [row] = await deps.db.select({ found: count() }).from(edges).where(eq(edges.siteId, site.siteId))
  if ((row?.found ?? 0) > 0) return
  const { token, command } = await createEnrolmentToken(deps, site.siteId)
  if (tokenFile === undefined) return say(`Site ${name}, on the host of its edge, within an hour: ${command}`)
  await writeSecret(tokenFile, `${token}\n`)
  say(`Site ${name}: the token for its edge is in ${tokenFile}, for an hour`)
}
