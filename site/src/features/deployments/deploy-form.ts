import type { DiskRule } from '@dragonfly/schema/state'
import type { Deployment, Image, Machine } from '../../api/views.ts'
import { hostnameError, suggestHostname } from '../machines/hostname.ts'

/** The form as it is typed; converted when it is sent. */
export interface DeployForm {
  imageId: string
  hostname: string
  diskBy: 'smallest' | 'largest' | 'serial'
  diskKind: 'any' | 'ssd' | 'nvme' | 'hdd'
  minGb: string
  serial: string
  sshKeys: string
  user: string
  templateId: string
  networkConfig: string
  armedHours: string
}

export const deployFields = [
  'imageId',
  'hostname',
  'disk',
  'sshKeys',
  'user',
  'templateId',
  'networkConfig',
  'armedHours',
] as const
export type DeployField = (typeof deployFields)[number]
export type DeployErrors = Partial<Record<DeployField, string>>

/** Refusals without a path, and the field that they are about. */
export const deployCodes: Record<string, DeployField> = {
  'image-not-ready': 'imageId',
  'no-matching-disk': 'disk',
  'disk-too-small': 'disk',
  'hostname-taken': 'hostname',
  'bad-network-config': 'networkConfig',
}

export interface Remembered {
  sshKeys: string
  user: string
}

export function createDeployForm(
  machine: Pick<Machine, 'name'>,
  images: readonly Image[],
  remembered: Remembered,
  previous?: Deployment,
  organisationKeys: OrganisationKeys = [],
): DeployForm {
  const rule = previous?.disk
  const usable = images.filter((image) => image.status === 'ready')
  const image = usable.find((other) => other.imageId === previous?.imageId) ?? usable[0]
  return {
    imageId: image?.imageId ?? '',
    hostname: previous?.hostname ?? suggestHostname(machine.name),
    diskBy: rule?.by ?? 'smallest',
    diskKind: rule && rule.by !== 'serial' ? rule.kind : 'any',
    minGb: rule && rule.by !== 'serial' && rule.minBytes ? String(rule.minBytes / 1e9) : '',
    serial: rule?.by === 'serial' ? rule.serial : '',
    sshKeys: joinKeys(organisationKeys, remembered.sshKeys),
    user: remembered.user,
    templateId: previous?.templateId ?? '',
    networkConfig: '',
    armedHours: '',
  }
}

type OrganisationKeys = readonly { publicKey: string; comment: string }[]

/** The lines that are none of the organisation's keys. */
export function withoutKeys(text: string, organisationKeys: OrganisationKeys): string {
  return sshKeysOf(text)
    .filter((line) => !organisationKeys.some(({ publicKey }) => line.startsWith(publicKey)))
    .join('\n')
}

/** The organisation's keys first, then those that this browser remembers and that are not among them. */
function joinKeys(organisationKeys: OrganisationKeys, remembered: string): string {
  const own = organisationKeys.map(({ publicKey, comment }) => `${publicKey} ${comment}`.trim())
  return [...own, withoutKeys(remembered, organisationKeys)].filter(Boolean).join('\n')
}

/** The rule that the form means; null while it is not finished. */
export function diskRuleOf(form: DeployForm): DiskRule | null {
  if (form.diskBy === 'serial')
    return form.serial.trim() ? { by: 'serial', serial: form.serial.trim() } : null
  const rule = { by: form.diskBy, kind: form.diskKind } as const
  if (!form.minGb.trim()) return rule
  const minBytes = Math.round(Number(form.minGb) * 1e9)
  return Number.isFinite(minBytes) && minBytes >= 0 ? { ...rule, minBytes } : null
}

const keyShape = /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/]+=*( .*)?$/

export function sshKeysOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
}

function sshKeysError(text: string): string | undefined {
  if (text.includes('PRIVATE KEY'))
    return 'That is a private key: take it out again. The public one ends in .pub.'
  const lines = sshKeysOf(text)
  const wrong = lines.findIndex((line) => !keyShape.test(line))
  if (wrong >= 0)
    return `Key ${wrong + 1} is not an SSH public key: it is one line, like “ssh-ed25519 AAAA… name”.`
  if (lines.length > 64) return 'At most 64 keys.'
  return undefined
}

/** What is wrong with the form, by field; empty when it can be sent. The server has the last word. */
export function checkDeployForm(form: DeployForm): DeployErrors {
  const errors: DeployErrors = {}
  const hostname = hostnameError(form.hostname)
  const keys = sshKeysError(form.sshKeys)
  const hours = Number(form.armedHours)
  if (!form.imageId) errors.imageId = 'Choose an image.'
  if (hostname) errors.hostname = hostname
  if (!diskRuleOf(form))
    errors.disk =
      form.diskBy === 'serial'
        ? 'Choose a disk, or type its serial number.'
        : 'The least size is a number of GB.'
  if (keys) errors.sshKeys = keys
  if (form.user && !/^[a-z_][a-z0-9_-]{0,31}$/.test(form.user))
    errors.user = 'A user name starts with a letter, and has lower-case letters, digits, _ and -.'
  if (form.armedHours && !(hours >= 0.1 && hours <= 336))
    errors.armedHours = 'Between 0.1 and 336 hours (two weeks).'
  return errors
}

/** The body of POST /api/v1/deployments. */
export function deploymentBody(form: DeployForm, machineId: string, disk: DiskRule) {
  return {
    machineId,
    imageId: form.imageId,
    hostname: form.hostname,
    disk:
      disk.by === 'serial'
        ? disk
        : {
            by: disk.by,
            kind: disk.kind,
            ...(disk.minBytes === undefined ? {} : { minBytes: disk.minBytes }),
          },
    sshKeys: sshKeysOf(form.sshKeys),
    ...(form.templateId ? { templateId: form.templateId } : {}),
    ...(form.user ? { user: form.user } : {}),
    ...(form.networkConfig.trim() ? { networkConfig: form.networkConfig } : {}),
    ...(form.armedHours ? { armedHours: Number(form.armedHours) } : {}),
  }
}
