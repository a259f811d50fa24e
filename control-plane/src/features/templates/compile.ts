import type { DiskRule } from '@dragonfly/schema/state'
import { type Action, type Plan, planSchema } from '@dragonfly/schema/wire'
import { parse } from 'yaml'
import { renderMetaData, renderUserData } from './seed.ts'
import type { Template } from './service.ts'
import type { TemplateForm } from './template-form.ts'

export interface PlanInput {
  deploymentId: string
  image: { imageId: string; name: string; manifestDigest: string; sizeBytes: number }
  disk: DiskRule
  hostname: string
  user: string
  sshKeys: readonly string[]
  /** cloud-init network configuration, checked by `checkNetworkConfig`. */
  networkConfig: string | null
}

/** Renders a template into the plan that is signed: everything filled in except what only the edge knows. */
export function compilePlan(template: Pick<Template, 'form'>, input: PlanInput): Plan {
  const { phonesHome, actions } = template.form
  return planSchema.parse({
    format: 1,
    phonesHome,
    actions: actions.map((action) => compileAction(action, { ...input, phonesHome })),
  })
}

function compileAction(
  action: TemplateForm['actions'][number],
  input: PlanInput & { phonesHome: boolean },
): Action {
  switch (action.action) {
    case 'write-image':
      return {
        action: 'write-image',
        imageId: input.image.imageId,
        imageName: input.image.name,
        manifestDigest: input.image.manifestDigest,
        sizeBytes: input.image.sizeBytes,
        disk: input.disk,
      }
    case 'write-seed':
      return {
        action: 'write-seed',
        metaData: renderMetaData(input),
        userData: renderUserData(input, action),
        networkConfig: input.networkConfig,
      }
    case 'restart':
      return { action: 'restart' }
  }
}

/** What is wrong with a cloud-init network configuration, or null. */
export function checkNetworkConfig(text: string): string | null {
  let value: unknown
  try {
    value = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    return `this is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'}`
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'fields are wanted: "version: 2" and so on'
  const config = 'network' in value ? value.network : value
  const version =
    typeof config === 'object' && config !== null && 'version' in config ? config.version : undefined
  return version === 1 || version === 2 ? null : 'it has to say "version: 2" (or 1)'
}
