import { z } from 'zod'

/** Dragonfly's short form of an OS template. Strict: a field that nobody reads is a mistake of the writer. */
const writeImage = z.strictObject({ action: z.literal('write-image') })

const writeSeed = z.strictObject({
  action: z.literal('write-seed'),
  /** Packages to install at the first boot. */
  packages: z.array(z.string().min(1).max(200)).max(200).optional(),
  /** Shell commands to run once, at the end of the first boot. */
  commands: z.array(z.string().min(1).max(4000)).max(200).optional(),
  files: z
    .array(
      z.strictObject({
        path: z
          .string()
          .regex(/^\/[^\0]+$/, 'a path starts with a slash')
          .max(1000),
        content: z.string().max(64 * 1024),
        permissions: z
          .string()
          .regex(/^0?[0-7]{3}$/, 'permissions are octal digits in quotes, like "0644"')
          .optional(),
      }),
    )
    .max(100)
    .optional(),
})

const restart = z.strictObject({ action: z.literal('restart') })

export const templateFormSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, 'a name has lower-case letters, digits and hyphens'),
    title: z.string().min(1).max(100),
    description: z.string().max(2000).optional(),
    /** Whether the installed OS reports in; if not, a deployment ends as "written, not confirmed". */
    phonesHome: z.boolean(),
    actions: z
      .array(z.discriminatedUnion('action', [writeImage, writeSeed, restart]))
      .min(1)
      .max(64),
  })
  .superRefine((form, context) => {
    const kinds = form.actions.map((action) => action.action)
    const complain = (index: number, message: string) =>
      context.addIssue({ code: 'custom', path: ['actions', index], message })
    if (kinds[0] !== 'write-image') complain(0, 'the first action has to be write-image')
    if (kinds.at(-1) !== 'restart') complain(kinds.length - 1, 'the last action has to be restart')
    kinds.forEach((kind, index) => {
      if (kinds.indexOf(kind) !== index) complain(index, `${kind} can be there only once`)
    })
    if (form.phonesHome && !kinds.includes('write-seed')) {
      context.addIssue({
        code: 'custom',
        path: ['phonesHome'],
        message: 'without write-seed nothing tells the installed OS where to report: set it to false',
      })
    }
  })
export type TemplateForm = z.infer<typeof templateFormSchema>
