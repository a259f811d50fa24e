import type { TemplateView } from '@dragonfly/schema/api'
import { templates } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { builtInTemplates, defaultTemplateId } from './built-in.ts'
import { parseTemplate } from './parse-template.ts'
import type { TemplateForm } from './template-form.ts'

export interface Template {
  templateId: string
  title: string
  builtIn: boolean
  yaml: string
  createdAt: number
  form: TemplateForm
}

const builtIn: readonly Template[] = builtInTemplates.map((template) =>
  readTemplate({ ...template, createdAt: 0 }, true),
)

function readTemplate(
  row: { templateId: string; yaml: string; createdAt: number },
  isBuiltIn: boolean,
): Template {
  const parsed = parseTemplate(row.yaml)
  if (!parsed.ok) throw new Error(`template ${row.templateId}: ${parsed.problems[0]?.message}`)
  const { templateId, yaml, createdAt } = row
  return { templateId, yaml, createdAt, builtIn: isBuiltIn, title: parsed.form.title, form: parsed.form }
}

function renderTemplate(template: Template): TemplateView {
  const { form, ...rest } = template
  return { ...rest, name: form.name, description: form.description ?? '', phonesHome: form.phonesHome }
}

/** A template by its id; the built-in one when none is named. Null when there is none. */
export async function findTemplate(
  deps: Deps,
  templateId: string = defaultTemplateId,
): Promise<Template | null> {
  const found = builtIn.find((template) => template.templateId === templateId)
  if (found) return found
  const [row] = await deps.db.select().from(templates).where(eq(templates.templateId, templateId))
  return row ? readTemplate(row, false) : null
}

export async function listTemplates(deps: Deps): Promise<TemplateView[]> {
  const rows = await deps.db.select().from(templates).orderBy(templates.name)
  return [...builtIn, ...rows.map((row) => readTemplate(row, false))].map(renderTemplate)
}

export async function getTemplate(deps: Deps, templateId: string): Promise<TemplateView> {
  const template = await findTemplate(deps, templateId)
  if (!template) throw notFound('template')
  return renderTemplate(template)
}

export async function createTemplate(deps: Deps, yaml: string): Promise<TemplateView> {
  const parsed = parseTemplate(yaml)
  if (!parsed.ok) throw invalid(parsed.problems, parsed.problems[0]?.message)
  const { name } = parsed.form
  const now = deps.clock()
  const templateId = createId(now)
  const inserted = builtIn.some((template) => template.form.name === name)
    ? []
    : await deps.db
        .insert(templates)
        .values({ templateId, name, yaml, createdAt: now })
        .onConflictDoNothing({ target: templates.name })
        .returning({ templateId: templates.templateId })
  if (inserted.length === 0) throw conflict('name-taken', `There is a template "${name}" already.`)
  deps.live.publish([{ type: 'changed', entity: 'template', id: templateId }])
  return getTemplate(deps, templateId)
}

/** Deployments keep the plan that they were made with. */
export async function deleteTemplate(deps: Deps, templateId: string): Promise<void> {
  if (builtIn.some((template) => template.templateId === templateId)) {
    throw conflict('template-built-in', 'A built-in template can’t be deleted.')
  }
  const deleted = await deps.db
    .delete(templates)
    .where(eq(templates.templateId, templateId))
    .returning({ templateId: templates.templateId })
  if (deleted.length === 0) throw notFound('template')
  deps.live.publish([{ type: 'changed', entity: 'template', id: templateId }])
}
