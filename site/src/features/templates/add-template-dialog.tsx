import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextAreaField } from '../../components/field.tsx'
import { showToast } from '../../components/toast-store.ts'
import { lineProblems } from './line-problems.ts'
import { YamlView } from './yaml-view.tsx'

export function AddTemplateDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const [yaml, setYaml] = useState('')
  const adding = useMutation({
    mutationFn: (text: string) => take(api.POST('/api/v1/templates', { body: { yaml: text } })),
    onSuccess: async (template) => {
      showToast({ text: `${template.title} can be chosen when you deploy.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.templates })
    },
  })
  const problems = lineProblems(adding.error)
  const general = problems.filter((problem) => problem.line === null)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (yaml.trim()) adding.mutate(yaml)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={yaml !== ''}
      wide
      title="Add template"
      description="In Dragonfly’s own form or in Tinkerbell’s. Copy a built-in one to start from."
    >
      <form onSubmit={submit}>
        <TextAreaField
          label="YAML"
          value={yaml}
          onChange={(event) => setYaml(event.target.value)}
          rows={14}
          wrap="off"
          autoFocus
          error={general.map((problem) => problem.message).join(' ') || null}
        />
        {problems.length > general.length && adding.variables && (
          <div role="alert" className="mt-4">
            <p className="mb-1 text-failed">The server found fault with these lines:</p>
            <YamlView yaml={adding.variables} problems={problems} />
          </div>
        )}
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={adding.isPending}>
            Add template
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
