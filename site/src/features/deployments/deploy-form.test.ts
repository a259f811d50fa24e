import { describe, expect, it } from 'vitest'
import { createDeployment, createDisk, createImage, createMachine } from '../testing/views.ts'
import { checkDeployForm, createDeployForm, deploymentBody, diskRuleOf, sshKeysOf } from './deploy-form.ts'
import { previewDisk } from './disk-preview.ts'

const remembered = { sshKeys: '', user: '' }
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFz1Yb2mVbq7JDqjC0RWl8nJ ada@laptop'

describe('createDeployForm', () => {
  it('starts with the machine’s name and an image that is ready', () => {
    const images = [createImage({ imageId: 'a', status: 'importing' }), createImage({ imageId: 'b' })]
    const form = createDeployForm(createMachine({ name: 'SeatAngleCoverAcoustic' }), images, remembered)
    expect(form).toMatchObject({ imageId: 'b', hostname: 'seat-angle-cover-acoustic', diskBy: 'smallest' })
    expect(checkDeployForm(form)).toEqual({})
  })

  it('repeats a deployment', () => {
    const previous = createDeployment({ hostname: 'db-1', disk: { by: 'serial', serial: 'S9' } })
    const form = createDeployForm(createMachine(), [createImage()], remembered, previous)
    expect(form).toMatchObject({ imageId: 'i1', hostname: 'db-1', diskBy: 'serial', serial: 'S9' })
  })
})

describe('checkDeployForm', () => {
  const form = createDeployForm(createMachine(), [createImage()], remembered)

  it('finds what is wrong, at its field', () => {
    expect(
      Object.keys(checkDeployForm({ ...form, hostname: 'Web_1', imageId: '', user: '9x', armedHours: '0' })),
    ).toEqual(['imageId', 'hostname', 'user', 'armedHours'])
    expect(checkDeployForm({ ...form, diskBy: 'serial', serial: ' ' }).disk).toContain('serial')
  })

  it('takes public keys and refuses a private one', () => {
    expect(sshKeysOf(`\n${key}\n# mine\n  ${key}  \n`)).toEqual([key, key])
    expect(checkDeployForm({ ...form, sshKeys: key }).sshKeys).toBeUndefined()
    expect(checkDeployForm({ ...form, sshKeys: `${key}\nhello` }).sshKeys).toContain('Key 2')
    expect(checkDeployForm({ ...form, sshKeys: '-----BEGIN OPENSSH PRIVATE KEY-----' }).sshKeys).toContain(
      'private',
    )
  })
})

it('turns into the body of the request, and leaves out what was left empty', () => {
  const form = createDeployForm(createMachine(), [createImage()], { sshKeys: key, user: 'ada' })
  const rule = diskRuleOf({ ...form, diskKind: 'nvme', minGb: '0.5' })
  expect(rule).toEqual({ by: 'smallest', kind: 'nvme', minBytes: 500_000_000 })
  if (!rule) return
  expect(deploymentBody(form, 'm1', rule)).toEqual({
    machineId: 'm1',
    imageId: 'i1',
    hostname: 'web-01',
    disk: rule,
    sshKeys: [key],
    user: 'ada',
  })
  expect(diskRuleOf({ ...form, minGb: 'many' })).toBeNull()
})

describe('previewDisk', () => {
  const disks = [
    createDisk({ name: 'sda', serial: 'BIG', sizeBytes: 4e12, os: 'Debian GNU/Linux 12', signature: 'gpt' }),
    createDisk({ name: 'sdb', serial: 'SMALL', sizeBytes: 1e12 }),
  ]

  it('names the disk, and what is lost on it', () => {
    expect(previewDisk({ by: 'largest', kind: 'any' }, disks, 0)).toMatchObject({
      kind: 'disk',
      name: 'sda, 4.0 TB (serial BIG)',
      blank: false,
      lost: 'What is on it now is lost: Debian GNU/Linux 12 and a gpt signature.',
    })
    expect(previewDisk({ by: 'smallest', kind: 'any' }, disks, 0)).toMatchObject({ blank: true })
  })

  it('says so when no disk fits, or when none was ever seen', () => {
    expect(previewDisk({ by: 'smallest', kind: 'nvme' }, disks, 0).kind).toBe('none')
    expect(previewDisk({ by: 'smallest', kind: 'any' }, disks, 9e12).kind).toBe('none')
    expect(previewDisk({ by: 'smallest', kind: 'any' }, null, 0).kind).toBe('unknown')
  })
})
