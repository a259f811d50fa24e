import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextAreaField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { checkImageForm, type ImageForm, suggestName } from './image-form.ts'

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const [form, setForm] = useState<ImageForm>({ name: '', url: '', checksum: '' })
  const [tried, setTried] = useState(false)
  const change = (part: Partial<ImageForm>): void => setForm((current) => ({ ...current, ...part }))
  const importing = useMutation({
    mutationFn: () => take(api.POST('/api/v1/images', { body: form })),
    onSuccess: async (image) => {
      showToast({ text: `${image.name}: every edge imports and verifies it now.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.images })
    },
  })
  const wrong = checkImageForm(form)
  const problem = sortProblem(importing.error, ['name', 'url', 'checksum'], {
    'name-taken': 'name',
    'bad-url': 'url',
  })
  const errorAt = (field: keyof ImageForm): string | undefined =>
    tried || form[field].length > 12 ? (wrong[field] ?? problem.fields[field]) : undefined
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(wrong).length === 0) importing.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={form.url !== '' || form.checksum !== ''}
      wide
      title="Import image"
      description="Each edge fetches it, checks it against the publisher’s checksum, and keeps it in verified chunks."
    >
      <form onSubmit={submit} noValidate className="space-y-5">
        <TextField
          label="Address"
          mono
          type="url"
          value={form.url}
          autoFocus
          onChange={(event) => {
            const url = event.target.value
            const untouched = form.name === '' || form.name === suggestName(form.url)
            change(untouched ? { url, name: suggestName(url) } : { url })
          }}
          placeholder="https://…/debian-13-genericcloud-amd64.raw"
          spellCheck={false}
          hint="Of a raw or qcow2 disk image, also as .gz, .xz or .zst. The edges have to reach it."
          error={errorAt('url')}
        />
        <TextAreaField
          label="Checksum"
          value={form.checksum}
          onChange={(event) => change({ checksum: event.target.value })}
          rows={2}
          hint="SHA-256 or SHA-512, as the publisher lists it; a whole line of a SHA256SUMS file is understood."
          error={errorAt('checksum')}
        />
        <TextField
          label="Name"
          value={form.name}
          onChange={(event) => change({ name: event.target.value })}
          maxLength={100}
          autoComplete="off"
          error={errorAt('name')}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={importing.isPending}>
            Import image
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
