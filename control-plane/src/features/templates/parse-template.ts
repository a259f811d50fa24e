import { parseCheckedYaml, type YamlProblem } from '../../checked-yaml.ts'
import { type TemplateForm, templateFormSchema } from './template-form.ts'

export type ParsedTemplate = { ok: true; form: TemplateForm } | { ok: false; problems: YamlProblem[] }

const knownFields = [
  'name',
  'title',
  'description',
  'phonesHome',
  'actions',
  'action',
  'packages',
  'commands',
  'files',
  'path',
  'content',
  'permissions',
]

/** Reads a template; every problem says its line. */
export function parseTemplate(yaml: string): ParsedTemplate {
  const parsed = parseCheckedYaml(yaml, templateFormSchema, knownFields)
  return parsed.ok ? { ok: true, form: parsed.value } : parsed
}
