import { phoneHomeUrlReference } from '@dragonfly/schema/wire'
import { stringify } from 'yaml'
import type { TemplateForm } from './template-form.ts'

export interface SeedInput {
  deploymentId: string
  hostname: string
  user: string
  sshKeys: readonly string[]
  phonesHome: boolean
}

type SeedAction = Extract<TemplateForm['actions'][number], { action: 'write-seed' }>

/** Long lines stay whole: a folded SSH key is a broken one. */
const yamlOptions = { lineWidth: 0 } as const

/** cloud-init NoCloud meta-data; the deployment is the instance, so that each one runs cloud-init anew. */
export function renderMetaData(input: SeedInput): string {
  return stringify({ 'instance-id': input.deploymentId, 'local-hostname': input.hostname }, yamlOptions)
}

/** cloud-init user-data as block-style YAML. Values go through the serializer, never into a text by hand. */
export function renderUserData(input: SeedInput, action: SeedAction): string {
  const [shortName = input.hostname] = input.hostname.split('.')
  const data = {
    hostname: shortName,
    ...(input.hostname.includes('.') ? { fqdn: input.hostname } : {}),
    manage_etc_hosts: true,
    users: [
      {
        name: input.user,
        groups: ['adm', 'sudo'],
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/bash',
        lock_passwd: true,
        ...(input.sshKeys.length > 0 ? { ssh_authorized_keys: [...input.sshKeys] } : {}),
      },
    ],
    ...(input.sshKeys.length > 0 ? { ssh_authorized_keys: [...input.sshKeys] } : {}),
    ...(action.packages ? { packages: action.packages } : {}),
    ...(action.files ? { write_files: action.files } : {}),
    ...(action.commands ? { runcmd: action.commands } : {}),
    ...(input.phonesHome
      ? {
          phone_home: {
            url: phoneHomeUrlReference,
            post: ['instance_id', 'hostname', 'pub_key_ed25519', 'pub_key_rsa', 'pub_key_ecdsa'],
            tries: 60,
          },
        }
      : {}),
  }
  return `#cloud-config\n${stringify(data, { ...yamlOptions, aliasDuplicateObjects: false })}`
}
