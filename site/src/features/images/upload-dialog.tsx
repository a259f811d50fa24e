import { formatBytes } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextAreaField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { suggestName } from './image-form.ts'
import { uploads } from './upload-store.ts'

/** A file of this computer becomes an image: the server takes it in parts, and the edges fetch it there. */
export function UploadDialog({ roomBytes, onClose }: { roomBytes: number; onClose: () => void }) {
  const queryClient = useQueryClient()
  const fileId = useId()
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [checksum, setChecksum] = useState('')
  const beginning = useMutation({
    mutationFn: async (chosen: File) => {
      const body = {
        name,
        fileName: chosen.name,
        sizeBytes: chosen.size,
        ...(checksum.trim() ? { checksum } : {}),
      }
      const upload = await take(api.POST('/api/v1/image-uploads', { body }))
      await uploads.start(upload, chosen)
    },
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.imageUploads })
    },
  })
  const problem = sortProblem(beginning.error, ['name', 'checksum', 'sizeBytes'], { 'name-taken': 'name' })
  const tooLarge =
    file && file.size > roomBytes
      ? `It has ${formatBytes(file.size)}, and the server has room for ${formatBytes(roomBytes)}.`
      : null
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (file && !tooLarge && name.trim()) beginning.mutate(file)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={file !== null}
      wide
      title="Upload image"
      description="It is sent in parts: pause it, close the page, come back later. The edges then fetch it from this server."
    >
      <form onSubmit={submit} noValidate className="space-y-5">
        <div>
          <label htmlFor={fileId} className="mb-1 block font-semibold">
            File
          </label>
          <input
            id={fileId}
            type="file"
            className="touchable block w-full rounded-md border border-control/60 px-3 py-2"
            onChange={(event) => {
              const chosen = event.target.files?.[0] ?? null
              const untouched = name === '' || name === suggestName(file?.name ?? '')
              if (chosen && untouched) setName(suggestName(chosen.name))
              setFile(chosen)
            }}
          />
          <p className={`mt-1 text-[0.95rem] ${tooLarge ? 'text-failed' : 'text-ink-faint'}`}>
            {tooLarge ??
              problem.fields.sizeBytes ??
              `A raw or qcow2 disk image, also as .gz, .xz or .zst; there is room for ${formatBytes(roomBytes)}.`}
          </p>
        </div>
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={100}
          autoComplete="off"
          error={problem.fields.name}
        />
        <TextAreaField
          label="Checksum, if its publisher gives one"
          value={checksum}
          onChange={(event) => setChecksum(event.target.value)}
          rows={2}
          hint="SHA-256 or SHA-512. Without it, what arrives is taken for right; the way itself is checked part by part."
          error={problem.fields.checksum}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={beginning.isPending}
            refusal={
              file ? (tooLarge ?? (name.trim() ? null : 'An image needs a name.')) : 'Choose a file first.'
            }
          >
            Upload
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
