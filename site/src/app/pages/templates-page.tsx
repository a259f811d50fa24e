import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { templatesQuery } from '../../api/queries.ts'
import type { Template } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Page } from '../../components/page.tsx'
import { AddTemplateDialog } from '../../features/templates/add-template-dialog.tsx'
import { DeleteTemplateDialog } from '../../features/templates/delete-template-dialog.tsx'
import { YamlView } from '../../features/templates/yaml-view.tsx'

export function TemplatesPage() {
  const { data: templates } = useQuery(templatesQuery)
  const search = useSearch({ from: '/portal/templates' })
  const navigate = useNavigate({ from: '/templates' })
  const open = (isOpen: boolean): void => {
    void navigate({ search: isOpen ? { do: 'add' } : {}, replace: true })
  }
  return (
    <Page
      title="Templates"
      lede="What is done with an image: the steps from a blank disk to a machine that reports in. The built-in ones are enough to start with."
      actions={
        <Button may="templates" onClick={() => open(true)}>
          Add template
        </Button>
      }
    >
      <ul aria-label="Templates" className="divide-y divide-line border-y border-line">
        {templates?.map((template) => (
          <TemplateRow key={template.templateId} template={template} />
        ))}
      </ul>
      {search.do === 'add' && <AddTemplateDialog onClose={() => open(false)} />}
    </Page>
  )
}

function TemplateRow({ template }: { template: Template }) {
  const [shown, setShown] = useState(false)
  const [deleting, setDeleting] = useState(false)
  return (
    <li aria-label={template.title} className="py-5">
      <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <h2 className="text-xl font-semibold">{template.title}</h2>
        <span className="font-mono text-[0.85rem] text-ink-faint">{template.name}</span>
        <span className="text-ink-faint">{template.builtIn ? 'built in' : 'your own'}</span>
        {!template.phonesHome && <span className="text-ink-soft">does not report in</span>}
        <span className="ml-auto flex gap-2">
          <Button look="quiet" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {shown ? 'Hide YAML' : 'Show YAML'}
          </Button>
          {!template.builtIn && (
            <Button may="templates" look="quiet" onClick={() => setDeleting(true)}>
              Delete
            </Button>
          )}
        </span>
      </div>
      <p className="mt-1 max-w-3xl text-ink-soft">{template.description}</p>
      {shown && (
        <div className="mt-4">
          <YamlView yaml={template.yaml} problems={[]} />
          <div className="mt-2">
            <CopyButton text={template.yaml} label="Copy YAML" />
          </div>
        </div>
      )}
      {deleting && <DeleteTemplateDialog template={template} onClose={() => setDeleting(false)} />}
    </li>
  )
}
