import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Mono } from '../../components/facts.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'

interface SharePasswordsProps {
  edge: Edge
  count: number
  onClose: () => void
}

/** The fingerprint is not shown here: it is to come from the edge itself. */
export function SharePasswordsDialog({ edge, count, onClose }: SharePasswordsProps) {
  const queryClient = useQueryClient()
  const [typed, setTyped] = useState('')
  const fingerprint = typed.replaceAll(/\s/g, '')
  const sharing = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/edges/{edgeId}/passwords/share', {
          params: { path: { edgeId: edge.edgeId } },
          body: { fingerprint },
        }),
      ),
    onSuccess: async ({ asked }) => {
      onClose()
      showToast({ text: `${countOf(asked, 'password')} on the way to ${edge.hostname}.` })
      await queryClient.invalidateQueries({ queryKey: keys.edgePasswords(edge.edgeId) })
    },
  })
  const problem = sortProblem(sharing.error, ['fingerprint'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (fingerprint !== '') sharing.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Share ${countOf(count, 'BMC password')} with ${edge.hostname}?`}
      description="An edge that can open them seals them for this one, too. They travel as ciphertext; this server does not see them."
    >
      <form onSubmit={submit} className="space-y-5">
        <p>
          Run <Mono>dragonfly-edge status</Mono> on {edge.hostname}, and copy the fingerprint that it shows.
          Whoever holds the key behind it will read the passwords.
        </p>
        <TextField
          label="Fingerprint, as the edge shows it"
          mono
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          error={problem.fields.fingerprint}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={sharing.isPending}
            refusal={fingerprint === '' ? 'Enter the fingerprint first.' : null}
          >
            Share
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
